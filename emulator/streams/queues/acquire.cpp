// Taking whole batches of one shard for a reader that is told apart from others (Kafka's share groups): first what came back, in
// order of places, then what nobody took yet. Of a batch that is handed out again only some records may be free.
#include <algorithm>
#include <array>

#include "emulator/streams/queues/backlog.h"
#include "protocol/batch/header.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

std::optional<batch::BatchHeader> share_header_of(const storage::EntryView& entry) {
    std::array<std::byte, batch::header_bytes> head{};
    std::size_t filled = 0;
    for (const auto piece : entry.pieces) {
        const auto more = std::min(piece.size(), head.size() - filled);
        std::ranges::copy(piece.first(more), head.begin() + static_cast<std::ptrdiff_t>(filled));
        filled += more;
    }
    return batch::parse_header(head);
}

// Transaction markers are no records, and compaction leaves batches without any: nobody is given one. Nor, by who reads what is
// committed, a batch of a transaction that was aborted.
bool is_no_record(Engine& engine, const Shard& shard, Isolation isolation, const storage::EntryView& entry) {
    const auto header = share_header_of(entry);
    if (!header || header->control() || header->count == 0) return header.has_value();
    if (isolation == Isolation::uncommitted || !header->transactional()) return false;
    const auto aborted = engine.aborted(shard, entry.first, entry.first + static_cast<Position>(entry.count));
    return std::ranges::any_of(aborted, [&](const Aborted& one) {
        return one.producer_id == header->producer_id && one.first <= entry.first && entry.first <= one.last;
    });
}

}   // namespace

Backlog::Lane& Backlog::lane_of(const Shard& shard) {
    follow(*shard.stream);
    return *lanes_[static_cast<std::size_t>(shard.index)];
}

Backlog::Lane* Backlog::known_lane(std::int32_t shard) const {
    return std::cmp_less(shard, lanes_.size()) ? lanes_[static_cast<std::size_t>(shard)].get() : nullptr;
}

const Signal& Backlog::changed(const Shard& shard) { return lane_of(shard).changed; }

std::optional<Position> Backlog::next(std::int32_t shard) const {
    const auto* lane = known_lane(shard);
    return lane ? lane->next : std::nullopt;
}

std::optional<Position> Backlog::start(std::int32_t shard) const {
    const auto end = next(shard);
    const auto first = deliveries_.first_in(shard);
    return end && first ? std::min(*end, *first) : end;
}

void Backlog::begin_at(std::int32_t shard, Position position) {
    while (!known_lane(shard)) lanes_.push_back(std::make_unique<Lane>(*this, static_cast<std::int32_t>(lanes_.size())));
    deliveries_.forget_shard(shard);
    lanes_[static_cast<std::size_t>(shard)]->next = position;
    moved_.insert(shard);
    lanes_[static_cast<std::size_t>(shard)]->changed.fire();
}

void Backlog::forget(std::int32_t shard) {
    auto* lane = known_lane(shard);
    if (!lane || !lane->next) return;
    deliveries_.forget_shard(shard);
    lane->next.reset();
    moved_.insert(shard);
}

// Where to look next: nothing when there is nothing at or behind that place.
std::optional<Position> Backlog::candidate(const Lane& lane, const Shard& shard, const Wish& wish, Position at,
                                           Position end) const {
    if (const auto back = deliveries_.visible_from({shard.index, at}); back && *back < end) return back;
    const auto fresh = std::max(at, *lane.next);
    if (fresh >= end || deliveries_.size_in(shard.index) >= wish.most_held) return std::nullopt;
    return fresh;
}

Backlog::Acquired Backlog::acquire(const Shard& shard, const Wish& wish) {
    auto& lane = lane_of(shard);
    expire();
    Acquired found;
    const auto bounds = engine_.bounds(shard);
    if (*lane.next < bounds.begin) {
        lane.next = bounds.begin;
        moved_.insert(shard.index);
    }
    deliveries_.forget_before({shard.index, bounds.begin});
    const auto end = wish.isolation == Isolation::committed ? bounds.stable : bounds.end;
    Position at = bounds.begin;
    for (auto from = candidate(lane, shard, wish, at, end); from && !found.more; from = candidate(lane, shard, wish, at, end)) {
        at = *from;
        const auto visit = [&](const storage::EntryView& entry) {
            const auto size = static_cast<std::int64_t>(entry.size());
            const bool first = found.bytes == 0 && wish.any_size;
            if (found.records >= wish.records || (!first && found.bytes + size > wish.bytes)) {
                found.more = true;
                return false;
            }
            acquire_batch(lane, wish, entry, is_no_record(engine_, shard, wish.isolation, entry), at, found);
            at = entry.first + static_cast<Position>(entry.count);
            return candidate(lane, shard, wish, at, end) == at;
        };
        const auto one_by_one = [](const storage::RowView&) { return false; };
        const auto read = engine_.batches_at_hand(shard, *from, wish.isolation, visit, one_by_one);
        if (!read || !*read) {
            found.cold = !read;
            found.failed = read.has_value();
            break;
        }
        if (found.more || at != *from) continue;
        if (*from >= *lane.next) break;                              // nothing is there yet
        if (!wish.looks) deliveries_.settle({shard.index, *from});   // deleted through the other door
        at = *from + 1;
    }
    if (*lane.next < end && deliveries_.size_in(shard.index) >= wish.most_held) crowded_[shard.index] = wish.most_held;
    return found;
}

// `at`: what lies before it was looked at already.
void Backlog::acquire_batch(Lane& lane, const Wish& wish, const storage::EntryView& entry, bool skipped, Position at,
                            Acquired& found) {
    const auto behind = entry.first + static_cast<Position>(entry.count);
    const auto& clock = *world_.clock;
    const auto until = clock.live() + wish.held_for;
    const auto before = found.records;
    bool same_run = !found.runs.empty() && found.runs.back().last - found.runs.back().first + 1 < wish.run_records;
    const auto add = [&](Position from, Position count, std::int32_t received) {
        found.records += static_cast<std::int32_t>(count);
        if (same_run && found.runs.back().last + 1 == from && found.runs.back().received == received)
            found.runs.back().last += count;
        else
            found.runs.push_back({from, from + count - 1, received});
        same_run = true;
    };
    const auto full = [&] { return wish.strictly && found.records >= wish.records; };
    // What there was once between two batches.
    for (auto gone = deliveries_.visible_from({lane.shard, at}); gone && *gone < entry.first && !wish.looks;
         gone = deliveries_.visible_from({lane.shard, at}))
        deliveries_.settle({lane.shard, *gone});
    for (auto back = deliveries_.visible_from({lane.shard, std::max(at, entry.first)}); back && *back < behind && !full();
         back = deliveries_.visible_from({lane.shard, *back + 1})) {
        const RecordPlace place{lane.shard, *back};
        if (skipped) {   // it was open, or the group read it, when it was handed out before
            if (!wish.looks) deliveries_.settle(place);
            continue;
        }
        if (!wish.looks) deliveries_.take_again(place, until, wish.holder);
        add(*back, 1, deliveries_.find(place)->received);
    }
    auto fresh = std::max({*lane.next, entry.first});
    if (skipped) fresh = std::max(fresh, behind);
    const bool room = deliveries_.size_in(lane.shard) < wish.most_held;
    if (room && fresh < behind && !full()) {
        const auto left = static_cast<Position>(wish.records - found.records);
        const auto count = wish.strictly ? std::min(behind - fresh, left) : behind - fresh;
        if (!wish.looks) deliveries_.take({lane.shard, fresh}, count, clock.now(), until, wish.holder);
        add(fresh, count, 1);
        fresh += count;
    }
    if (!wish.looks && room && fresh > *lane.next) {
        lane.next = fresh;
        moved_.insert(lane.shard);
    }
    if (found.records == before) return;
    found.more = found.more || full();
    found.bytes += static_cast<std::int64_t>(entry.size());
    found.batches.insert(found.batches.end(), entry.pieces.begin(), entry.pieces.end());
}

void Backlog::settle_held(RecordPlace place) {
    if (planted("share-settles-nothing")) return;
    deliveries_.settle(place);
}

void Backlog::reject_held(RecordPlace place) {
    if (planted("share-settles-nothing")) return;
    give_up(place, true);
}

void Backlog::give_up(RecordPlace place, bool rejected) {
    const auto* one = deliveries_.find(place);
    if (!one) return;
    given_up_.push_back({place, one->received, rejected});
    deliveries_.settle(place);
}

void Backlog::give_back(RecordPlace place) {
    deliveries_.hide(place, world_.clock->live());
    expire();
}

void Backlog::release(std::uint32_t holder) {
    while (const auto held = deliveries_.held_by(holder)) give_back(*held);
}

// Who waits for a shard: something came back there, or there is room for more.
void Backlog::tell_lanes() {
    auto shards = deliveries_.take_shards_with_more();
    std::erase_if(crowded_, [&](const auto& one) {
        const bool room = deliveries_.size_in(one.first) < one.second;
        if (room) shards.insert(one.first);
        return room;
    });
    for (const auto shard : shards)
        if (auto* lane = known_lane(shard)) lane->changed.fire();
}

}   // namespace sluice::streams
