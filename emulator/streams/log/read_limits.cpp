// What a read costs, and who may not read now (rule 10, rule 11).
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {

Refusal Reader::refuse_read(Shard& shard, Refusal::Limit limit, Bucket& bucket, std::int64_t wanted_thousandths, Time now) {
    const auto balance = bucket.balance_thousandths(now);
    Refusal told{
        .limit = limit,
        .stream = shard.stream->name,
        .shard = shard.id(),
        .at = now,
        .rate = bucket.rate(),
        .asked = 1,
        .available = static_cast<double>(balance) / 1000.0,
        .room_in = milliseconds{(std::max<std::int64_t>(1, wanted_thousandths - balance) + bucket.rate() - 1) / bucket.rate()},
        .top_key = {},
        .top_key_share = 0};
    engine_.upkeep.count(shard, to_ms(now), [](Usage& usage) { ++usage.read_refusals; });
    engine_.writer.touch_lazily(shard);
    clock_of(shard).want(now + told.room_in);
    engine_.events.refused(told);
    return told;
}

std::optional<Refusal> Reader::admit_read_call(Shard& shard) {
    using enum Refusal::Limit;
    const auto now = clock_of(shard).now();
    if (!shard.read_calls.covers(1, now)) return refuse_read(shard, read_calls, shard.read_calls, 1000, now);
    if (!shard.read_bytes.positive(now)) return refuse_read(shard, read_bytes, shard.read_bytes, 1, now);
    if (!shard.read_records.positive(now)) return refuse_read(shard, read_records, shard.read_records, 1, now);
    shard.read_calls.take(1, now);
    if (!shard.read_calls.unlimited()) engine_.writer.touch_lazily(shard);
    return {};
}

std::optional<Refusal> Reader::admit_iterator(Shard& shard) {
    auto& bucket = shard.iterator_calls;
    if (bucket.unlimited() || !shard.open()) return {};
    const auto now = clock_of(shard).now();
    if (!bucket.covers(1, now)) return refuse_read(shard, Refusal::Limit::iterator_calls, bucket, 1000, now);
    bucket.take(1, now);
    engine_.writer.touch_lazily(shard);
    return {};
}

bool Reader::read_room(Shard& shard) {
    auto& clock = clock_of(shard);
    const auto now = clock.now();
    for (auto* bucket : {&shard.read_bytes, &shard.read_records}) {
        if (bucket->positive(now)) continue;
        const auto missing = bucket->rate() - bucket->balance_thousandths(now);   // for one token
        clock.want(now + milliseconds{std::max(bucket->rate(), missing) / bucket->rate()});
        return false;
    }
    return true;
}

void Reader::count_read(Shard& shard, Door door, std::uint64_t bytes, std::uint64_t records) {
    engine_.writer.touch_lazily(shard);
    engine_.upkeep.count(shard, to_ms(clock_of(shard).now()), [&](Usage& usage) {
        const auto add = [&](std::uint64_t& of_bytes, std::uint64_t& of_records) { of_bytes += bytes, of_records += records; };
        switch (door) {
            case Door::kinesis:
                return add(usage.bytes_out_kinesis, usage.records_out_kinesis);
            case Door::kafka:
                return add(usage.bytes_out_kafka, usage.records_out_kafka);
            case Door::consumer:
                return add(usage.bytes_out_consumers, usage.records_out_consumers);
            case Door::queue:
                return add(usage.bytes_out_queues, usage.records_out_queues);
            case Door::channel:
                return add(usage.bytes_out_channels, usage.records_out_channels);
        }
    });
}

// The newest shard is open as long as the stream is.
void Reader::count_call(Stream& stream, Door about) {
    auto& shard = *stream.shards.back();
    engine_.writer.touch_lazily(shard);
    engine_.upkeep.count(shard, to_ms(clock_of(shard).now()),
                         [&](Usage& usage) { ++(about == Door::queue ? usage.queue_calls : usage.channel_calls); });
}

milliseconds Reader::charge_read(Shard& shard, Door door, std::uint64_t bytes, std::uint64_t records) {
    const auto now = clock_of(shard).now();
    shard.read_bytes.take_read(static_cast<std::int64_t>(bytes), now);
    shard.read_records.take_read(static_cast<std::int64_t>(records), now);
    count_read(shard, door, bytes, records);
    return std::max(shard.read_bytes.debt(now), shard.read_records.debt(now));
}

milliseconds Reader::charge_subscription(Shard& shard, Subscription& by, std::uint64_t bytes, std::uint64_t records) {
    const auto now = clock_of(shard).now();
    auto& bucket = by.lane->read_bytes;
    bucket.take_read(static_cast<std::int64_t>(bytes), now);
    count_read(shard, Door::consumer, bytes, records);
    const auto debt = bucket.debt(now);
    if (debt.count() > 0) clock_of(shard).want(now + debt);
    return debt;
}

}   // namespace sluice::streams
