// Usage per stream and virtual hour, counted from the first version on: a bill cannot be computed later from what was not counted
// (rule 24). The running hour lives with each shard; at the full virtual hour all shards of a stream become one stored value.
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

void add(Usage& to, const Usage& from) {
    to.records_in += from.records_in;
    to.bytes_in += from.bytes_in;
    to.payload_units_25k += from.payload_units_25k;
    to.bytes_in_rounded_1k += from.bytes_in_rounded_1k;
    to.bytes_out_kinesis += from.bytes_out_kinesis;
    to.bytes_out_kafka += from.bytes_out_kafka;
    to.records_out_kinesis += from.records_out_kinesis;
    to.records_out_kafka += from.records_out_kafka;
    to.write_refusals += from.write_refusals;
    to.read_refusals += from.read_refusals;
    to.open_shard_ms += from.open_shard_ms;
    to.stored_bytes += from.stored_bytes;
}

// Milliseconds of the span during which the shard was open.
std::uint64_t open_ms(const Shard& shard, std::int64_t from, std::int64_t to) {
    const auto opened = shard.parents.empty() ? to_ms(shard.stream->created) : shard.created_s * 1000;
    const auto closed = shard.closed ? to_ms(*shard.closed) : to;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::min(to, closed) - std::max(from, opened)));
}

std::string usage_key(const Stream& stream, std::int64_t hour) {
    return key_of(stream.world, 'U', big_endian(std::to_underlying(stream.id)) + big_endian(static_cast<std::uint64_t>(hour)));
}

}  // namespace

// The hour's timer has usually done this; a call that comes before the timer at the same instant does it here.
void Engine::State::roll_usage(Shard& shard) {
    if (to_ms(world().clock->now()) / hour_ms != shard.usage_hour) roll_all();
}

void Engine::State::roll_all() {
    const auto hour = to_ms(world().clock->now()) / hour_ms;
    for (const auto& [name, stream] : world().streams) {
        Usage whole;
        std::int64_t past = -1;
        for (const auto& shard : stream->shards) {
            if (shard->usage_hour >= hour) continue;
            past = shard->usage_hour;
            retain(*shard);
            shard->usage.open_shard_ms = open_ms(*shard, past * hour_ms, (past + 1) * hour_ms);
            shard->usage.stored_bytes = live_bytes(*shard);
            add(whole, shard->usage);
            shard->usage = {};
            shard->usage_hour = hour;
            touch(*shard);
        }
        if (past >= 0) put({}, usage_key(*stream, past), encode_usage(whole));
    }
    if (open && open->writes.size() > 10'000) flush();
}

void Engine::State::arm_hour() {
    const auto next = (to_ms(world().clock->now()) / hour_ms + 1) * hour_ms;
    books.hour = Timer{*world().clock, world().clock->at(Clock::Line::data, from_ms(next), [this] {
                           roll_all();
                           arm_hour();
                       })};
}

std::vector<std::pair<std::int64_t, Usage>> Engine::usage(const Stream& stream) {
    std::vector<std::pair<std::int64_t, Usage>> told;
    const auto prefix = key_of(stream.world, 'U', big_endian(std::to_underlying(stream.id)));
    state_->store.snapshot()->scan(prefix, [&](std::string_view key, std::string_view value) {
        std::uint64_t hour = 0;
        for (const char c : key.substr(prefix.size())) hour = hour << 8 | static_cast<unsigned char>(c);
        told.emplace_back(static_cast<std::int64_t>(hour), decode_usage(value));
        return true;
    });
    Usage running;
    const auto now = to_ms(state_->world().clock->now());
    for (const auto& shard : stream.shards) {
        auto one = shard->usage;
        one.open_shard_ms = open_ms(*shard, now / hour_ms * hour_ms, now);
        one.stored_bytes = state_->live_bytes(*shard);
        add(running, one);
    }
    told.emplace_back(now / hour_ms, running);
    return told;
}

}  // namespace sluice::streams
