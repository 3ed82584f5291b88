// The pieces that a shard's log consists of (rule 23): it appends to the last, and may read earlier ones together with others. A
// log that nobody appends to any more is counted by who reads it, and goes with the last of them.
#include <algorithm>

#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {

// From the next append on the shard has another log. One unit with all that is queued for it.
void Extents::roll(Shard& shard) {
    auto& last = shard.extents.back();
    if (last.from == shard.queued_end) return;   // nothing was ever appended to it
    auto& stream = *shard.stream;
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    const auto next = engine_.catalog.new_log();
    for (const auto log : {last.log, next}) engine_.writer.group().bind(scope_of(stream), log);
    last.to = shard.queued_end;
    readers_[last.log].push_back(&shard);
    shard.extents.push_back({next, shard.queued_end, -1});
    engine_.catalog.save_folder();
    engine_.catalog.save_stream(stream);
    engine_.catalog.save_shard(shard);
}

void Extents::share(const Shard& shard) {
    for (const auto& extent : shard.extents)
        if (extent.to >= 0) readers_[extent.log].push_back(&shard);
}

void Extents::forget(const Shard& shard) {
    for (const auto& extent : shard.extents)
        if (extent.to >= 0) (void)leave(shard, extent.log);
}

bool Extents::leave(const Shard& shard, LogId log) {
    const auto found = readers_.find(log);
    if (found == readers_.end()) return true;
    std::erase(found->second, &shard);
    if (!found->second.empty()) return false;
    readers_.erase(found);
    return true;
}

// Whoever else drops the log in a later group, because this shard has left it, falls with this change.
void Extents::leave_all(const Shard& shard) {
    const auto scope = scope_of(*shard.stream);
    for (const auto& extent : shard.extents) {
        if (extent.log == LogId{}) continue;   // expired
        engine_.writer.group().bind(scope, extent.log);
        if (extent.to < 0 || leave(shard, extent.log)) engine_.writer.group().drop(scope, extent.log);
    }
    if (shard.pending != LogId{}) engine_.writer.group().drop(scope, shard.pending);
}

void Extents::replace(Shard& shard, const Extent& made) {
    auto& stream = *shard.stream;
    const auto scope = scope_of(stream);
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    engine_.writer.group().bind(scope, made.log);
    engine_.writer.group().bind(scope, shard.log());
    std::vector<Extent> extents{made};
    for (auto extent : std::exchange(shard.extents, {})) {
        if (extent.to >= 0 && extent.to <= made.to) {
            engine_.writer.group().bind(scope, extent.log);
            if (leave(shard, extent.log)) engine_.writer.group().drop(scope, extent.log);
            continue;
        }
        extent.from = std::max(extent.from, made.to);
        extent.compacted = false;
        extents.push_back(extent);
    }
    shard.extents = std::move(extents);
    readers_[made.log].push_back(&shard);
    engine_.catalog.save_shard(shard);
}

// A trim may be stored before the rest of its unit (write.cpp), so it waits for the new extents.
void Extents::free_replaced(Shard& shard) {
    const auto needed_of = [&](const Extent& own) {
        auto needed = own.from;
        if (const auto found = readers_.find(own.log); found != readers_.end())
            for (const auto* reader : found->second)
                for (const auto& extent : reader->extents)
                    if (extent.log == own.log) needed = std::min(needed, extent.from);
        return needed;
    };
    std::vector<storage::Batch::Trim> trims;
    const auto& front = shard.extents.front();   // what was trimmed while the run went on
    if (front.from < shard.trimmed && (front.to < 0 || readers_[front.log].size() == 1))
        trims.push_back({front.log, shard.trimmed});
    if (shard.extents.size() > 1) trims.push_back({shard.extents[1].log, needed_of(shard.extents[1])});
    std::erase_if(trims, [&](const auto& trim) {
        const auto held = engine_.reader.snapshot().bounds(trim.log);
        return held.begin >= std::min(trim.before, held.end);
    });
    if (trims.empty()) return;
    auto& group = engine_.writer.group();
    for (const auto& trim : trims) {
        group.bind(trim.log, shard.log());
        group.batch.trims.push_back(trim);
    }
    group.trimmed.push_back({shard.stream->shared_from_this(), &shard, shard.log()});
}

void Extents::cut(Shard& shard) {
    auto& stream = *shard.stream;
    const auto scope = scope_of(stream);
    const auto before = shard.begin + (planted("trim-off-by-one") ? 1 : 0);
    bool changed = false;
    const auto change_of = [&](LogId log) {
        changed = true;
        for (const auto other : {log, shard.log()}) engine_.writer.group().bind(scope, other);
    };
    auto& extents = shard.extents;
    while (extents.size() > 1 && extents.front().to <= shard.begin) {
        const auto log = extents.front().log;
        change_of(log);
        if (leave(shard, log)) engine_.writer.group().drop(scope, log);
        extents.erase(extents.begin());
    }
    auto& first = extents.front();
    const auto found = readers_.find(first.log);
    if (first.from < shard.begin && found != readers_.end() && found->second.size() > 1) {
        // The store keeps what the others still read; that this shard does not is in its record.
        change_of(first.log);
        first.from = shard.begin;
        auto needed = before;
        for (const auto* reader : found->second)
            for (const auto& extent : reader->extents)
                if (extent.log == first.log) needed = std::min(needed, extent.from);
        engine_.writer.group().batch.trims.push_back({first.log, needed});
    } else if (first.from < shard.begin) {
        engine_.writer.group().batch.trims.push_back({first.log, before});
    }
    if (!changed) return;
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    engine_.catalog.save_shard(shard);
}

std::uint64_t Extents::bytes_between(LogId log, Position from, Position to) {
    return engine_.reader.snapshot().live_bytes(log, from) - (to < 0 ? 0 : engine_.reader.snapshot().live_bytes(log, to));
}

}   // namespace sluice::streams
