// What the storage tests share: a folder that vanishes, the two stores under one name, and entries that say what they are.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "storage/store.h"

namespace sluice::storage {

struct TempFolder {
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
        path = name;
    }
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    std::string path;
};

struct InMemory {
    std::unique_ptr<Store> store;
    explicit InMemory(std::uint64_t max_bytes = std::uint64_t{1} << 30) : store(open_memory(max_bytes)) {}
    Store* operator->() { return store.get(); }
};

struct OnDisk {
    TempFolder folder;
    LmdbOptions options;
    std::unique_ptr<Store> store;
    explicit OnDisk(std::uint64_t max_bytes = std::uint64_t{1} << 30) : options{.folder = folder.path, .map_bytes = max_bytes} {
        store = open_lmdb(options);
    }
    void reopen() {
        store.reset();
        store = open_lmdb(options);
    }
    Store* operator->() { return store.get(); }
};

inline Bytes bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

inline Entry entry(Position first, std::uint32_t count, std::string_view data, std::int64_t ms = 0,
                   std::int64_t max_timestamp_ms = 0) {
    return {first, count, ms, max_timestamp_ms, {bytes(data), {}}};
}

inline std::string text(const EntryView& e) {
    std::string whole;
    for (auto piece : e.pieces) whole.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return whole;
}

// The bytes of all entries from the one that contains `from` up to `until`, some of them taken as rows where there are any.
inline std::string in_a_row(const Snapshot& s, LogId log, Position from, Position until, std::size_t* visited = nullptr) {
    std::string whole;
    Position next = 0;
    const auto visit = [&](const EntryView& e) {
        if (visited) ++*visited;
        if (e.first < next || e.first >= until) return false;
        next = e.first + e.count;
        whole += text(e);
        return true;
    };
    const auto take = [&](const RowView& row) {
        if (row.first < next || row.end > until) return false;
        next = row.end;
        whole += text({.pieces = {&row.bytes, 1}});
        return true;
    };
    return s.read(log, from, visit, take) ? whole : "corrupt";
}

// "0+2 ab, 2+1 c": first position, count and bytes of everything from `from` on.
inline std::string told(const Snapshot& s, LogId log, Position from) {
    std::string out;
    const auto done = s.read(log, from, [&](const EntryView& e) {
        out += (out.empty() ? "" : ", ") + std::to_string(e.first) + "+" + std::to_string(e.count) + " " + text(e);
        return true;
    });
    return done ? out : "corrupt";
}

}   // namespace sluice::storage
