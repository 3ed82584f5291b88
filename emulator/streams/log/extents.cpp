// The pieces that a shard's log consists of (rule 23): it appends to the last, and may read earlier ones together with others. A
// log that nobody appends to any more is counted by who reads it, and goes with the last of them.
#include <algorithm>

#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {

// From the next append on the shard has another log. One unit with all that is queued for it.
void Engine::State::roll(Shard& shard) {
    auto& last = shard.extents.back();
    if (last.from == shard.queued_end) return;   // nothing was ever appended to it
    auto& stream = *shard.stream;
    const Changing change{*this, stream.shared_from_this()};
    const auto next = static_cast<LogId>(next_log++);
    for (const auto log : {last.log, next}) group().bind(scope_of(stream), log);
    last.to = shard.queued_end;
    readers[last.log].push_back(&shard);
    shard.extents.push_back({next, shard.queued_end, -1});
    save_folder();
    save_stream(stream);
    save_shard(shard);
}

void Engine::State::share_extents(const Shard& shard) {
    for (const auto& extent : shard.extents)
        if (extent.to >= 0) readers[extent.log].push_back(&shard);
}

void Engine::State::forget_extents(const Shard& shard) {
    for (const auto& extent : shard.extents)
        if (extent.to >= 0) (void)leave(shard, extent.log);
}

bool Engine::State::leave(const Shard& shard, LogId log) {
    const auto found = readers.find(log);
    if (found == readers.end()) return true;
    std::erase(found->second, &shard);
    if (!found->second.empty()) return false;
    readers.erase(found);
    return true;
}

// Whoever else drops the log in a later group, because this shard has left it, falls with this change.
void Engine::State::leave_extents(const Shard& shard) {
    const auto scope = scope_of(*shard.stream);
    for (const auto& extent : shard.extents) {
        group().bind(scope, extent.log);
        if (extent.to < 0 || leave(shard, extent.log)) group().drop(scope, extent.log);
    }
}

void Engine::State::cut_extents(Shard& shard) {
    auto& stream = *shard.stream;
    const auto scope = scope_of(stream);
    const auto before = shard.begin + (planted("trim-off-by-one") ? 1 : 0);
    bool changed = false;
    const auto change_of = [&](LogId log) {
        changed = true;
        for (const auto other : {log, shard.log()}) group().bind(scope, other);
    };
    auto& extents = shard.extents;
    while (extents.size() > 1 && extents.front().to <= shard.begin) {
        const auto log = extents.front().log;
        change_of(log);
        if (leave(shard, log)) group().drop(scope, log);
        extents.erase(extents.begin());
    }
    auto& first = extents.front();
    const auto found = readers.find(first.log);
    if (first.from < shard.begin && found != readers.end() && found->second.size() > 1) {
        // The store keeps what the others still read; that this shard does not is in its record.
        change_of(first.log);
        first.from = shard.begin;
        auto needed = before;
        for (const auto* reader : found->second)
            for (const auto& extent : reader->extents)
                if (extent.log == first.log) needed = std::min(needed, extent.from);
        group().batch.trims.push_back({first.log, needed});
    } else if (first.from < shard.begin) {
        group().batch.trims.push_back({first.log, before});
    }
    if (!changed) return;
    const Changing change{*this, stream.shared_from_this()};
    save_shard(shard);
}

std::uint64_t Engine::State::bytes_between(LogId log, Position from, Position to) {
    return snapshot().live_bytes(log, from) - (to < 0 ? 0 : snapshot().live_bytes(log, to));
}

}   // namespace sluice::streams
