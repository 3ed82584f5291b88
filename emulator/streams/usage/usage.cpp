// Where the engine counts: each shard for itself, because its counters stand or fall with its log, and at once in its stream's
// and its world's totals. A stream's hours are ended when something of it is about to change, or when somebody looks. No timer
// does it, so an hour in which nothing happens costs nothing.
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

std::string span_prefix(const Stream& stream) { return key_of(stream.world->id, 'U', big_endian(std::to_underlying(stream.id))); }
std::string meter_key(const Stream& stream) { return key_of(stream.world->id, 'M', big_endian(std::to_underlying(stream.id))); }

std::int64_t open_shards(const Stream& stream) {
    return std::ranges::count_if(stream.shards, [](const auto& shard) { return !shard->closed; });
}

}   // namespace

void Upkeep::count_again(Shard& shard, const Usage& before) {
    shard.stream->total -= before, shard.stream->total += shard.usage;
    auto& total = books_of(*shard.stream).total;
    total -= before, total += shard.usage;
    shard.stream->meter.reset();
    shard.stream->metered_until_ms = 0;
}

// One that was never stored: no hour was ended yet, and no shard came or went since the stream was made.
Meter Upkeep::meter_of(const Stream& stream) {
    if (stream.meter) return *stream.meter;
    const auto fresh = Meter::since(stream.shards.front()->opened_ms, open_shards(stream));
    const auto value = engine_.store.snapshot()->get(meter_key(stream));
    if (!value) return fresh;
    if (const auto kept = decode_meter(*value)) return *kept;
    engine_.events.note_once("the hours of stream " + stream.name + " are damaged in the store and are counted anew");
    const auto anew = Meter::since(to_ms(clock_of(stream).now()), open_shards(stream));
    engine_.writer.put(scope_of(stream), meter_key(stream), encode(anew));   // or the next start would count anew again
    return anew;
}

void Upkeep::put_span(const Stream& stream, const UsageSpan& span) {
    engine_.writer.put(scope_of(stream), span_prefix(stream) + big_endian(static_cast<std::uint64_t>(span.first)), encode(span));
}

// The hours belong to the stream's unit, not to that of the log that is counted just now: a large append that is refused takes no
// other shard's hours with it.
void Upkeep::end_hours(Stream& stream, std::int64_t now_ms) {
    if (stream.deleted || stream.shards.empty()) return;
    if (!stream.meter) stream.meter = std::make_unique<Meter>(meter_of(stream));
    const auto before = stream.meter->hour;
    const auto over = stream.meter->roll(stream.total, now_ms);
    stream.metered_until_ms = (stream.meter->hour + 1) * hour_ms;
    if (stream.meter->hour == before) return;
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    for (const auto& span : over) put_span(stream, span);
    engine_.writer.put(scope_of(stream), meter_key(stream), encode(*stream.meter));
}

void Upkeep::open_shards_changed(Stream& stream) {
    if (!stream.meter) stream.meter = std::make_unique<Meter>(meter_of(stream));
    stream.meter->set_open(to_ms(clock_of(stream).now()), open_shards(stream));
    engine_.writer.put(scope_of(stream), meter_key(stream), encode(*stream.meter));
}

// What it used stays in the store, for the bill.
void Upkeep::end_usage(Stream& stream) {
    const auto now = to_ms(clock_of(stream).now());
    end_hours(stream, now);
    if (!stream.meter) return;
    std::vector<UsageSpan> rest;
    if (stream.meter->last) rest.push_back(*stream.meter->last);
    join(rest, stream.meter->running(stream.total, now));
    for (const auto& span : rest)
        if (span.each != Usage{}) put_span(stream, span);
    engine_.writer.put(scope_of(stream), meter_key(stream), "");
}

std::vector<UsageSpan> Upkeep::usage(const Stream& stream) {
    std::vector<UsageSpan> told;
    const auto prefix = span_prefix(stream);
    engine_.store.snapshot()->scan(prefix, [&](std::string_view key, std::string_view value) {
        const auto first = read_big_endian(key.substr(prefix.size()));
        if (auto span = decode_span(value)) {
            span->first = static_cast<std::int64_t>(first);
            join(told, *span);
        }
        return true;
    });
    if (stream.shards.empty()) return told;
    const auto now = to_ms(clock_of(stream).now());
    auto meter = meter_of(stream);
    for (const auto& over : meter.roll(stream.total, now)) join(told, over);
    if (meter.last) join(told, *meter.last);
    join(told, meter.running(stream.total, now));
    return told;
}

}   // namespace sluice::streams
