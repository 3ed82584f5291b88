// Reading: whole batches, and places found by time. Committed positions only, over all extents of a shard, retention applied
// first. Single records are taken out of batches in records.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "emulator/streams/log/joined.h"
#include "emulator/streams/state.h"
#include "protocol/batch/reader.h"
#include "storage/planted.h"

namespace sluice::streams {
// Dropped at the end of the turn and by each commit.
const std::shared_ptr<const storage::Snapshot>& Reader::pin() {
    if (!turn_) turn_ = engine_.store.snapshot();
    if (!drop_posted_) {
        drop_posted_ = true;
        asio::post(engine_.executor, [weak = engine_.weak_from_this()] {
            if (auto self = weak.lock()) {
                self->reader.drop_posted_ = false;
                self->reader.turn_.reset();
            }
        });
    }
    return turn_;
}

Bounds Reader::bounds(Shard& shard) {
    engine_.upkeep.retain(shard);
    return {shard.begin, std::max(shard.begin, shard.stable()), shard.end};
}

Result<void> Reader::read(Shard& shard, Position from, Isolation isolation, const storage::Snapshot::VisitEntry& visit,
                          const storage::Snapshot::TakeRow& take_row) {
    from = std::max(from, bounds(shard).begin);
    const auto end = isolation == Isolation::committed ? shard.stable() : shard.end;
    bool going = true;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? end : std::min(extent.to, end);
        if (!going || from >= to) continue;
        const auto one = [&](const storage::EntryView& entry) {
            if (entry.first >= to) return false;
            return going = visit(entry);
        };
        const auto row = [&](const storage::RowView& some) { return some.end <= to && take_row(some); };
        const auto done = snapshot().read(extent.log, std::max(from, extent.from), one,
                                          take_row ? storage::Snapshot::TakeRow{row} : storage::Snapshot::TakeRow{});
        if (!done) return std::unexpected{Fault::storage};
        from = std::max(from, to);
    }
    return {};
}

Position Reader::find_appended(Shard& shard, Time time) {
    const auto begin = bounds(shard).begin;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        const auto at = snapshot().find_appended(extent.log, to_ms(time));
        if (at < to) return std::max({at, extent.from, begin});
    }
    return shard.end;
}

std::optional<std::pair<Position, std::int64_t>> Reader::find_timestamp(Shard& shard, std::int64_t ms) {
    const auto begin = bounds(shard).begin;
    std::optional<std::pair<Position, std::int64_t>> found;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        const auto start = std::max({snapshot().find_timestamp(extent.log, ms), extent.from, begin});
        if (found || start >= to) continue;
        std::vector<std::byte> scratch;
        std::vector<std::byte> copy;
        const auto done = snapshot().read(extent.log, start, [&](const storage::EntryView& entry) {
            if (entry.first >= to) return false;
            if (entry.max_timestamp_ms < ms) return true;
            const auto bytes = entry.pieces.size() == 1 ? entry.pieces[0] : storage::Bytes{copy = joined(entry)};
            const auto walked = batch::read(bytes, scratch, [&](const batch::Record& record) {
                const auto position = entry.first + record.offset_delta;
                if (record.timestamp < ms || position < begin) return true;
                found = {position, record.timestamp};
                return false;
            });
            return walked.has_value() ? !found.has_value() : true;
        });
        if (!done) return {};
    }
    return found;
}

std::optional<std::int64_t> Reader::appended_ms(Shard& shard, Position at) {
    std::optional<std::int64_t> told;
    const auto done = read(shard, at, Isolation::uncommitted, [&](const storage::EntryView& entry) {
        told = entry.appended_ms;
        return false;
    });
    return done ? told : std::nullopt;
}

}   // namespace sluice::streams
