// Splitting and merging as Kinesis does it: parents are sealed and keep their records, children take the next numbers. And
// partitions added as Kafka does it: nothing is sealed, all open ranges are dealt anew (rule 16).
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

void seal(Shard& parent, Time now) {
    parent.sealed = true;
    parent.closed = now;
}

Ticket finish(Engine::State& s, Stream& stream, std::initializer_list<Shard*> parents,
              const std::vector<std::function<void(Stream&, Shard&)>>& listeners) {
    s.save_world();
    Engine::State::order_ranges(stream);
    const auto pointer = stream.shared_from_this();
    if (s.options.state_delay.count() > 0)
        s.begin_state(pointer, StreamStatus::updating, {});
    else
        s.save_stream(stream);
    for (auto* parent : parents) {
        parent->appended.fire();
        for (const auto& told : listeners) told(stream, *parent);
    }
    s.world().changed.fire();
    return s.ticket({});
}

}  // namespace

Result<Ticket> Engine::split(Stream& stream, std::int32_t index, HashKey new_start) {
    auto* parent = stream.shard(index);
    if (!parent) return std::unexpected{Fault::not_found};
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (parent->sealed) return std::unexpected{Fault::sealed};
    // Start + 1 < key < end (seen: AWS 2015).
    if (new_start <= next(parent->range.first) || new_start >= parent->range.last || parent->range.first == HashKey::max())
        return std::unexpected{Fault::bad_hash_key};
    auto& s = *state_;
    const auto now = s.world().clock->now();
    for (const auto& range : {HashRange{parent->range.first, previous(new_start)}, HashRange{new_start, parent->range.last}}) {
        auto child = s.new_shard(stream, range, to_ms(now) / 1000 + 1);
        child->parents = {index};
        parent->children.push_back(child->index);
        stream.shards.push_back(std::move(child));
    }
    seal(*parent, now);
    return finish(s, stream, {parent}, on_resharded);
}

Result<Ticket> Engine::merge(Stream& stream, std::int32_t first, std::int32_t second) {
    auto *lower = stream.shard(first), *upper = stream.shard(second);
    if (!lower || !upper) return std::unexpected{Fault::not_found};
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (lower->sealed || upper->sealed) return std::unexpected{Fault::sealed};
    if (lower->range.last == HashKey::max() || next(lower->range.last) != upper->range.first) return std::unexpected{Fault::not_adjacent};
    auto& s = *state_;
    const auto now = s.world().clock->now();
    auto child = s.new_shard(stream, {lower->range.first, upper->range.last}, to_ms(now) / 1000 + 1);
    child->parents = {first, second};
    lower->children.push_back(child->index);
    upper->children.push_back(child->index);
    stream.shards.push_back(std::move(child));
    seal(*lower, now);
    seal(*upper, now);
    return finish(s, stream, {lower, upper}, on_resharded);
}

Result<Ticket> Engine::add_partitions(Stream& stream, std::int32_t total) {
    if (stream.kinesis_manners()) return std::unexpected{Fault::bad_count};
    if (total <= std::ssize(stream.shards) || total > max_shards_per_stream) return std::unexpected{Fault::bad_count};
    auto& s = *state_;
    const auto now = s.world().clock->now();
    while (std::ssize(stream.shards) < total) stream.shards.push_back(s.new_shard(stream, {}, to_ms(now) / 1000));
    const auto ranges = even_ranges(static_cast<std::int32_t>(std::ranges::count_if(stream.shards, &Shard::open)));
    std::size_t next_range = 0;
    for (const auto& shard : stream.shards)
        if (shard->open()) shard->range = ranges[next_range++];
    return finish(s, stream, {}, {});
}

}  // namespace sluice::streams
