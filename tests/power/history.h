// One seeded history of a store, told by both sides: the writer commits its batches, the test knows what must be there after
// each.
#pragma once

#include <map>
#include <random>
#include <string>

#include "storage/store.h"

namespace sluice::storage {

// A record of a log: one entry, its bytes follow from its place.
inline std::string content(std::uint64_t log, Position at) {
    std::mt19937_64 chance(log * 1'000'003 + static_cast<std::uint64_t>(at));
    const std::uint64_t sizes[] = {100, 900, 5'000, 20'000, 70'000};
    std::string bytes(sizes[chance() % 5] + chance() % 100, '\0');
    for (auto& c : bytes) c = static_cast<char>(chance());
    return bytes;
}

class History {
  public:
    explicit History(std::uint64_t seed) : chance_(seed) {}

    struct State {
        std::map<std::uint64_t, Bounds> logs;
        std::map<std::string, std::string> table;
        friend bool operator==(const State&, const State&) = default;
    };
    const State& state() const { return state_; }
    std::uint64_t commits() const { return commits_; }

    // The next batch; valid until the call after it.
    const Batch& next() {
        batch_.clear();
        held_.clear();
        ++commits_;
        for (auto appends = 1 + chance_() % 4; appends > 0; --appends) append(first_log_ + chance_() % 4);
        if (chance_() % 3 == 0)
            put("k" + std::to_string(chance_() % 20), chance_() % 4 == 0 ? "" : std::string(chance_() % 6'000, 'v'));
        if (chance_() % 4 == 0) trim(first_log_ + chance_() % 4);
        if (chance_() % 40 == 0) drop(first_log_++);   // never used again
        put("commits", std::to_string(commits_));
        return batch_;
    }

  private:
    void append(std::uint64_t log) {
        auto& bounds = state_.logs[log];
        const auto& bytes = held_[{log, bounds.end}] = content(log, bounds.end);
        batch_.append(LogId{log}, {bounds.end, 1, bounds.end, bounds.end, {std::as_bytes(std::span(bytes)), {}}});
        ++bounds.end;
    }
    void put(const std::string& key, const std::string& value) {
        batch_.put(key, value);
        if (value.empty())
            state_.table.erase(key);
        else
            state_.table[key] = value;
    }
    void trim(std::uint64_t log) {
        const auto found = state_.logs.find(log);
        if (found == state_.logs.end() || found->second.end - found->second.begin < 8) return;
        found->second.begin = found->second.end - static_cast<Position>(chance_() % 8);
        batch_.trim(LogId{log}, found->second.begin);
    }
    void drop(std::uint64_t log) {
        batch_.drop(LogId{log});
        state_.logs.erase(log);
    }

    std::mt19937_64 chance_;
    std::uint64_t first_log_ = 1, commits_ = 0;
    State state_;
    Batch batch_;
    std::map<std::pair<std::uint64_t, Position>, std::string> held_;
};

// What a store holds, in the same terms; entries that are not what they should be make the log's bounds {-1, -1}.
inline History::State held_by(const Store& store) {
    History::State found;
    const auto now = store.snapshot();
    now->scan("", [&](std::string_view key, std::string_view value) {
        found.table.emplace(key, value);
        return true;
    });
    for (std::uint64_t log = 1; log < 100; ++log) {
        const auto bounds = now->bounds(LogId{log});
        if (bounds == Bounds{}) continue;
        Position next = bounds.begin;
        const auto whole = now->read(LogId{log}, bounds.begin, [&](const EntryView& e) {
            std::string bytes;
            for (auto piece : e.pieces) bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
            return e.first == next && e.count == 1 && bytes == content(log, next++);
        });
        found.logs[log] = whole && next == bounds.end ? bounds : Bounds{-1, -1};
    }
    return found;
}

}   // namespace sluice::storage
