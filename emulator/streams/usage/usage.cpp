// Usage per stream and virtual hour, counted from the first version on: a bill cannot be computed later from what was not counted
// (rule 24). The running hour lives with each shard; at the full virtual hour all shards of a stream become one stored value.
#include <algorithm>

#include "emulator/streams/state.h"
#include "storage/planted.h"

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
    const auto closed = shard.closed ? to_ms(*shard.closed) : to;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::min(to, closed) - std::max(from, shard.opened_ms)));
}

std::string usage_key(const Stream& stream, std::int64_t hour) {
    return key_of(stream.world, 'U', big_endian(std::to_underlying(stream.id)) + big_endian(static_cast<std::uint64_t>(hour)));
}

}   // namespace

// What the shards counted in that hour, as one value; their counting begins again.
Usage Engine::State::close_hour(Stream& stream, std::int64_t hour, std::int64_t until_ms) {
    Usage whole;
    for (const auto& shard : stream.shards) {
        if (shard->usage_hour != hour) continue;
        shard->usage.open_shard_ms = open_ms(*shard, hour * hour_ms, until_ms);
        shard->usage.stored_bytes = live_bytes(*shard);
        add(whole, planted("hour-counted-again") ? shard->usage : std::exchange(shard->usage, {}));
        shard->usage_hour = hour + 1;
        touch(*shard);
    }
    return whole;
}

void Engine::State::save_hour(const Stream& stream, std::int64_t hour, const Usage& usage) {
    if (usage == Usage{}) return;
    put(scope_of(stream), usage_key(stream, hour), encode_usage(usage));
    bind_logs(scope_of(stream), stream);   // their counters begin anew
}

// Stored bytes are those of the hour's end, so everything queued and everything to trim goes into the store first. Hours that
// passed while the server was down are closed one by one.
void Engine::State::roll_all() {
    const auto now = to_ms(world().clock->now());
    for (const auto& [name, stream] : world().streams)
        for (const auto& shard : stream->shards) trim(*shard);
    flush();
    for (const auto& [name, stream] : world().streams) {
        auto hour = now / hour_ms;
        for (const auto& shard : stream->shards) hour = std::min(hour, shard->usage_hour);
        for (; hour < now / hour_ms; ++hour) save_hour(*stream, hour, close_hour(*stream, hour, (hour + 1) * hour_ms));
        forget_producers(*stream, now / hour_ms * hour_ms);
    }
}

// Kafka's producer.id.expiration.ms: a producer that wrote nothing for a day is a new one when it comes again.
void Engine::State::forget_producers(Stream& stream, std::int64_t now_ms) {
    const std::int64_t day_ms = (planted("producer-forgotten-early") ? 12 : 24) * hour_ms;
    for (const auto& shard : stream.shards)
        for (auto one = shard->producers.begin(); one != shard->producers.end();) {
            if (!one->second.recent.empty() && one->second.recent.back().appended_ms + day_ms < now_ms) {
                put(shard->extents.back().log, producer_key(stream, shard->index, one->first), "");
                touch(*shard);
                one = shard->producers.erase(one);
            } else {
                ++one;
            }
        }
}

// At the next full hour, or at once when one passed while nobody ran: what comes now belongs to the hour it comes in.
void Engine::State::arm_hour() {
    const auto hour = to_ms(world().clock->now()) / hour_ms;
    const bool late = std::ranges::any_of(world().streams, [&](const auto& named) {
        return std::ranges::any_of(named.second->shards, [&](const auto& shard) { return shard->usage_hour < hour; });
    });
    const auto next = (late ? hour : hour + 1) * hour_ms;
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

}   // namespace sluice::streams
