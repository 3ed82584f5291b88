// Splitting and merging as Kinesis does it: parents are sealed and keep their records, children take the next numbers. And
// partitions added as Kafka does it: nothing is sealed, all open ranges are dealt anew (rule 16), and no state delay applies.
#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/lapse.h"
#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {

Ticket Catalog::begin_reshard(Stream& stream, const Reshard& change) {
    const Writer::Changing changing{engine_.writer, stream.shared_from_this()};
    if (engine_.options.state_delay.count() == 0) {
        carry_out(stream, change);
    } else {
        stream.reshard = change;
        begin_state(stream.shared_from_this(), StreamStatus::updating);
        stream.world->changed.fire();
    }
    return engine_.writer.ticket({});
}

void Catalog::carry_out(Stream& stream, const Reshard& change) {
    const auto now = clock_of(stream).now();
    engine_.upkeep.end_hours(stream, to_ms(now));
    const bool split = change.second < 0;
    std::vector<Shard*> parents{stream.shard(change.first)};
    if (!split) parents.push_back(stream.shard(change.second));
    const auto &lower = parents.front()->range, &upper = parents.back()->range;
    const auto ranges = split
                            ? std::vector{HashRange{lower.first, planted("child-range-off-by-one") ? change.new_start
                                                                                                   : previous(change.new_start)},
                                          HashRange{change.new_start, lower.last}}
                            : std::vector{HashRange{lower.first, upper.last}};
    for (const auto& range : ranges) {
        auto child = new_shard(stream, range, to_ms(now) / 1000 + 1);
        for (auto* parent : parents) {
            if (!planted("merge-forgets-a-parent") || child->parents.empty()) child->parents.push_back(parent->index);
            parent->children.push_back(child->index);
        }
        stream.shards.push_back(std::move(child));
    }
    for (auto* parent : parents) {
        parent->sealed = true;
        parent->closed = now;
    }
    engine_.upkeep.open_shards_changed(stream);
    save_folder();
    order_ranges(stream);
    save_stream(stream);
    for (const auto* parent : parents) save_shard(*parent);
    for (auto child = stream.shards.size() - ranges.size(); child < stream.shards.size(); ++child)
        save_shard(*stream.shards[child]);
    for (auto* parent : parents) {
        engine_.upkeep.arm_trim(*parent);   // some day it is expired
        parent->appended.fire();
        for (const auto& told : engine_.listeners.on_resharded) told(stream, *parent);
    }
    stream.world->changed.fire();
}

// Shards that ListShards can show: open, or closed for less than the retention. And all that were ever made.
bool Catalog::room_for(const Stream& stream, std::int32_t more) const {
    const auto now = clock_of(stream).now();
    const auto listed = std::ranges::count_if(stream.shards, [&](const auto& shard) { return !lapsed(*shard, now); });
    return listed + more <= bounds::listed_shards && std::ssize(stream.shards) + more <= bounds::partitions_ever;
}

Result<Ticket> Catalog::split(Stream& stream, std::int32_t index, HashKey new_start) {
    auto* parent = stream.shard(index);
    if (!parent) return std::unexpected{Fault::not_found};
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (parent->sealed) return std::unexpected{Fault::sealed};
    // Start + 1 < key < end (seen: AWS 2015).
    if (new_start <= next(parent->range.first) || new_start >= parent->range.last || parent->range.first == HashKey::max())
        return std::unexpected{Fault::bad_hash_key};
    if (!room_for(stream, 2)) return std::unexpected{Fault::bad_count};
    return begin_reshard(stream, {.first = index, .second = -1, .new_start = new_start});
}

Result<Ticket> Catalog::merge(Stream& stream, std::int32_t first, std::int32_t second) {
    auto *lower = stream.shard(first), *upper = stream.shard(second);
    if (!lower || !upper) return std::unexpected{Fault::not_found};
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (lower->sealed || upper->sealed) return std::unexpected{Fault::sealed};
    if (lower->range.last == HashKey::max() || next(lower->range.last) != upper->range.first)
        return std::unexpected{Fault::not_adjacent};
    if (!room_for(stream, 1)) return std::unexpected{Fault::bad_count};
    return begin_reshard(stream, {.first = first, .second = second, .new_start = {}});
}

Result<Ticket> Catalog::add_partitions(Stream& stream, std::int32_t total) {
    if (stream.kinesis_manners()) return std::unexpected{Fault::bad_count};
    if (total <= std::ssize(stream.shards) || total > bounds::topic_partitions) return std::unexpected{Fault::bad_count};
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    const auto now = clock_of(stream).now();
    engine_.upkeep.end_hours(stream, to_ms(now));
    while (std::ssize(stream.shards) < total) stream.shards.push_back(new_shard(stream, {}, to_ms(now) / 1000));
    const auto ranges = even_ranges(static_cast<std::int32_t>(std::ranges::count_if(stream.shards, &Shard::open)));
    std::size_t next_range = 0;
    for (auto& shard : stream.shards)
        if (shard->open()) shard->range = ranges[next_range++];
    engine_.upkeep.open_shards_changed(stream);
    save_folder();
    order_ranges(stream);
    save_stream(stream);
    for (auto& shard : stream.shards) save_shard(*shard);
    tell_dealt(stream);
    stream.world->changed.fire();
    return engine_.writer.ticket({});
}

}   // namespace sluice::streams
