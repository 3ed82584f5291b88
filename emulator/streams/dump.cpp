// The engine as text: what two engines are compared by after a restart, a failed commit, or a clock moved in other steps. What is
// written down is printed as the record that a save would write, so that a new field is in the dump as soon as it is stored. What
// reads leave behind is not here: it reaches the store within a second and may be lost by a kill.
#include <fmt/format.h>

#include <algorithm>

#include "emulator/streams/catalog/stored.h"

namespace sluice::streams {
namespace {

template <class... Part>
void line(std::string& out, fmt::format_string<Part...> form, Part&&... parts) {
    fmt::format_to(std::back_inserter(out), form, std::forward<Part>(parts)...);
    out += '\n';
}

std::string text_of(const Usage& usage) {
    return fmt::format("records={} bytes={} units={} rounded={} open_ms={} stored={} refused={}", usage.records_in,
                       usage.bytes_in, usage.payload_units_25k, usage.bytes_in_rounded_1k, usage.open_shard_ms,
                       usage.stored_bytes, usage.write_refusals);
}

// Without what says only when it was asked for, and without the next numbers: an undone change and a reset leave them ahead.
catalog::World facts_of(const Books& books) {
    auto world = record_of(books);
    world.clear_next_stream();
    world.clear_next_producer();
    world.mutable_clock()->clear_real_ms();
    if (world.clock().frozen()) world.mutable_clock()->clear_offset_ms();
    return world;
}

void dump(std::string& out, const Shard& shard, const Bounds& bounds, std::uint64_t live_bytes) {
    line(out, "  shard {}", record_of(shard).ShortDebugString());
    line(out, "    records {}..{} stable={} next={} last={} bytes={}", bounds.begin, bounds.end, bounds.stable, shard.queued_end,
         shard.last_appended_ms, live_bytes);
    const auto& clock = clock_of(shard);
    const auto tokens = [now = clock.now()](Bucket bucket) { return bucket.unlimited() ? 0 : bucket.balance_thousandths(now); };
    line(out, "    tokens {} {}", tokens(shard.write_bytes), tokens(shard.write_records));
    if (const auto& busy = shard.busy; busy != Busy{})
        line(out, "    busy minute={} bytes={} records={} most={}/{} asked={}", busy.minute, busy.bytes, busy.records,
             busy.most_bytes, busy.most_records, busy.asked);
    std::vector<std::int64_t> producers;
    for (const auto& [id, state] : shard.producers) producers.push_back(id);
    std::ranges::sort(producers);
    for (const auto id : producers)
        line(out, "    producer {} {:?}", id, encode_producer(shard.producers.at(id), clock.live() - clock.real()));
    for (const auto& one : shard.aborted)
        line(out, "    aborted {} {}..{} stable={}", one.producer_id, one.first, one.last, one.stable);
}

}   // namespace

std::string Engine::dump() {
    std::string out;
    auto& s = *state_;
    flush();
    for (const auto& [id, books] : s.catalog.worlds()) {
        line(out, "world {}", facts_of(*books).ShortDebugString());
        for (const auto& stream : list(*books)) {
            line(out, "stream {}", record_of(*stream).ShortDebugString());
            for (const auto& shard : stream->shards) {
                const auto known = bounds(*shard);
                streams::dump(out, *shard, known, s.upkeep.live_bytes(*shard));
            }
            for (const auto& [name, consumer] : stream->consumers)
                line(out, "  consumer {}", record_of(*consumer).ShortDebugString());
            books->channels->dump(*stream, [&](const std::string& text) { line(out, "  {}", text); });
            for (const auto& [first, hours, each] : usage(*stream)) line(out, "  usage {}+{} {}", first, hours, text_of(each));
        }
        const auto now = s.store.snapshot();
        for (const char kind : {'N', 'D', 'L'})   // names that were used; what the doors keep
            now->scan(key_of(id, kind), [&](std::string_view key, std::string_view value) {
                line(out, "{} {:?} {:?}", kind, key.substr(5), value);
                return true;
            });
    }
    return out;
}

}   // namespace sluice::streams
