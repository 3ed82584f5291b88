// Reads a trace of shim.c and says what a power cut leaves: of each file what was synced, plus a random part of what was written
// later, in whole writes, pages or sectors; of names what the folder's last sync covered, plus the next few changes in order (as
// journals do).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::power {

struct Event {   // as in shim.c
    char kind, lasting;
    char name[24], to[24];
    std::uint64_t file, offset, size;
};

struct Traced {
    Event what;
    std::string bytes;
};

inline std::vector<Traced> read_trace(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<Traced> all;
    for (Event e; in.read(reinterpret_cast<char*>(&e), sizeof e);) {
        all.push_back({e, {}});
        if (e.kind != 'W') continue;
        all.back().bytes.resize(e.size);
        if (!in.read(all.back().bytes.data(), static_cast<std::streamsize>(e.size)))
            throw std::runtime_error("the trace is cut short");
    }
    return all;
}

// The disk while the program runs: what is certain of it, and what is not.
class Disk {
  public:
    std::uint64_t mark = 0;   // the last one set

    void happens(const Traced& t) {
        const auto& e = t.what;
        switch (e.kind) {
            case 'W':
                files_[e.file].pending.push_back({&t, e.lasting != 0});
                break;
            case 'S':
                settle(files_[e.file]);
                break;
            case 'D':
                for (const auto* change : changes_) rename_in(names_, change->what);
                changes_.clear();
                break;
            case 'O':
            case 'R':
            case 'U':
                changes_.push_back(&t);
                break;
            case 'T':
                throw std::runtime_error("a file was cut short: replay does not know what that leaves");
            case 'M':
                mark = e.offset;
                break;
            default:
                throw std::runtime_error("unknown event");
        }
    }

    // Fills the folder with one of the states that a cut right now can leave. `under_way` may have happened in part.
    void cut(const std::string& folder, std::mt19937_64& chance, const Traced& under_way) const {
        auto names = names_;
        auto changes = changes_;
        if (std::strchr("ORU", under_way.what.kind)) changes.push_back(&under_way);
        for (std::size_t i = 0, kept = chance() % (changes.size() + 1); i < kept; ++i) rename_in(names, changes[i]->what);
        constexpr std::array<std::uint64_t, 3> grains{0, 4096, 512};   // 0: a write comes whole or not at all
        constexpr std::array<std::uint64_t, 5> percents{0, 10, 50, 90, 100};
        const auto grain = grains[chance() % grains.size()], percent = percents[chance() % percents.size()];
        for (const auto& [name, id] : names) {
            File file;
            if (const auto found = files_.find(id); found != files_.end()) file = found->second;
            if (under_way.what.kind == 'W' && under_way.what.file == id) file.pending.push_back({&under_way, false});
            for (const auto& write : file.pending) {
                const auto& bytes = write.traced->bytes;
                const auto at = write.traced->what.offset;
                for (std::size_t from = 0; from < bytes.size();) {
                    const auto size =
                        grain == 0 ? bytes.size() : std::min<std::size_t>(bytes.size() - from, grain - (at + from) % grain);
                    if (write.sure || chance() % 100 < percent) apply(file.certain, at + from, bytes.data() + from, size);
                    from += size;
                }
            }
            std::ofstream(folder + "/" + name, std::ios::binary)
                .write(file.certain.data(), static_cast<std::streamsize>(file.certain.size()));
        }
    }

  private:
    struct Write {
        const Traced* traced;
        bool sure;
    };
    struct File {
        std::string certain;
        std::vector<Write> pending;   // in the order written; a sure one lies above older ones that are not
    };
    using Names = std::map<std::string, std::uint64_t>;

    static void apply(std::string& file, std::uint64_t at, const char* bytes, std::size_t size) {
        if (file.size() < at + size) file.resize(at + size);
        std::memcpy(file.data() + at, bytes, size);
    }
    static void settle(File& file) {
        for (const auto& write : file.pending)
            apply(file.certain, write.traced->what.offset, write.traced->bytes.data(), write.traced->bytes.size());
        file.pending.clear();
    }
    static void rename_in(Names& names, const Event& e) {
        if (e.kind == 'O') names[e.name] = e.file;
        if (e.kind == 'U') names.erase(e.name);
        if (e.kind == 'R') names.erase(e.name), names[e.to] = e.file;
    }

    std::map<std::uint64_t, File> files_;
    Names names_;
    std::vector<const Traced*> changes_;   // of names, not yet certain
};

}   // namespace sluice::power
