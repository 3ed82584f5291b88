// What one turn of the loop queued, on its way into the store as one batch.
#pragma once

#include <array>
#include <deque>
#include <map>

#include "emulator/streams/engine_part.h"

namespace sluice::streams {

// All that was queued in one turn. A scope is what stands or falls together: a log with its running value, a stream with its
// record, a value of a door, a unit. No scope: the world's own record. Scopes that are bound to one another are one.
struct Group {
    using Scope = std::optional<LogId>;   // those that are no log have numbers that no log reaches, see below
    // A shard with the log that it appended to then: meanwhile it may append to another.
    struct Place {
        OwnedStream stream;
        Shard* shard;
        LogId log;
    };
    struct Touched : Place {
        Position end;
        std::uint64_t bytes;
        std::optional<Position> undecided;   // with these appends
    };
    storage::Batch batch;
    std::vector<Scope> put_scopes, drop_scopes;   // whose each of the batch's puts and drops is
    void put(Scope scope, std::string key, std::string value) {
        put_scopes.push_back(scope);
        batch.puts.push_back({std::move(key), std::move(value)});
    }
    std::vector<std::string> lost;   // keys of puts that were taken out before the write
    std::vector<Touched> touched;    // one entry per shard with appends
    std::vector<Place> trimmed;      // whose trims are told to the store
    std::vector<Place> dirty;        // running values to write
    struct Writer {
        Shard* shard;
        LogId log;
        std::int64_t producer;
        friend bool operator==(const Writer&, const Writer&) = default;
    };
    std::vector<Writer> producers;                                          // whose state to write
    std::uint64_t bytes{};                                                  // of the appended batches
    std::vector<std::pair<Scope, Scope>> bound;                             // scopes that stand or fall as one
    std::vector<OwnedStream> streams;                                       // whose records are written or erased
    std::vector<std::pair<Scope, std::move_only_function<void()>>> undos;   // what memory has besides, when that scope fails
    void bind(Scope one, Scope other) {
        if (one != other) bound.emplace_back(one, other);
    }
    void drop(Scope scope, LogId log) {
        drop_scopes.push_back(scope);
        batch.drops.push_back({log});
        bind(scope, log);
    }
    std::uint64_t serial{};
    std::deque<std::array<std::byte, 16>> heads;   // patched batch heads: base offset, length, leader epoch
    std::deque<std::vector<std::byte>> markers;    // batches that nobody sent
    bool empty() const { return batch.empty() && dirty.empty(); }

    bool finished = false;
    using Failed = std::map<Scope, Fault>;
    Failed failed, just_failed;   // all that did, and what did in the store: the rest was undone with an earlier group
    std::vector<std::move_only_function<void()>> waiting;   // parked until it is finished
    // A ticket may be kept for long, as a consumer group does: of what was written only the outcome stays with it.
    void forget_contents() {
        batch = {};
        lost.clear();
        heads.clear();
        markers.clear();
        touched.clear();
        dirty.clear();
        trimmed.clear();
        bound.clear();
        streams.clear();
        undos.clear();
    }
    Result<void> outcome(Scope scope) const {
        if (failed.empty()) return {};
        const auto found = failed.find(scope);
        return found == failed.end() ? Result<void>{} : std::unexpected{found->second};
    }
};

inline Group::Scope scope_of(const Stream& stream) { return LogId{std::uint64_t{1} << 62 | std::to_underlying(stream.id)}; }
inline Group::Scope scope_of(std::string_view key) {
    return LogId{std::uint64_t{2} << 62 | std::hash<std::string_view>{}(key) >> 2};
}
inline Group::Scope scope_of_unit(std::uint64_t number) { return LogId{std::uint64_t{3} << 62 | number}; }

}   // namespace sluice::streams
