// The engine as text: what two engines are compared by after a restart, a failed commit, or a clock moved in other steps.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {

std::string Engine::dump() {
    std::string out;
    const auto line = [&]<class... Part>(fmt::format_string<Part...> form, Part&&... parts) {
        out += fmt::format(form, std::forward<Part>(parts)...) + "\n";
    };
    auto& s = *state_;
    flush();
    for (auto* world : worlds()) {
        line("world {} {}", std::to_underlying(world->id), world->name);
        for (const auto& stream : list(*world)) {
            line("stream {} id={} topic={} manners={} profile={} status={} created={} retention={} limits={} provisional={}",
                 stream->name, std::to_underlying(stream->id), Random::uuid_text(stream->topic_id),
                 std::to_underlying(stream->manners), stream->profile, static_cast<int>(stream->status), to_ms(stream->created),
                 stream->retention ? stream->retention->count() : -1, fmt::join(stream->limits.all(), "/"), stream->provisional);
            if (stream->reshard)
                line("  reshard {}+{} ready={}", stream->reshard->first, stream->reshard->second, to_ms(stream->ready_at));
            line("  account={} region={} on_demand={} internal={} record_bytes={} retention_bytes={}", stream->account,
                 stream->region, stream->on_demand, stream->internal, stream->max_record_bytes,
                 stream->retention_bytes.value_or(-1));
            for (const auto& [key, value] : stream->tags) line("  tag {}={}", key, value);
            for (const auto& [key, value] : stream->configs) line("  config {}={}", key, value);
            for (const auto& shard : stream->shards) {
                const auto [begin, end] = bounds(*shard);
                line("  shard {} {}..{} parents={} children={} created={} closed={} records {}..{} next={} last={} bytes={}",
                     shard->index, to_string(shard->range.first), to_string(shard->range.last), shard->parents.size(),
                     shard->children.size(), shard->created_s, shard->closed ? to_ms(*shard->closed) : 0, begin, end,
                     shard->queued_end, shard->last_appended_ms, s.live_bytes(*shard));
                const auto now = world->clock->now();
                line("    tokens {} {}", shard->write_bytes.unlimited() ? 0 : shard->write_bytes.balance_thousandths(now),
                     shard->write_records.unlimited() ? 0 : shard->write_records.balance_thousandths(now));
                std::vector<std::int64_t> producers;
                for (const auto& [id, state] : shard->producers) producers.push_back(id);
                std::ranges::sort(producers);
                for (const auto id : producers) {
                    const auto& state = shard->producers.at(id);
                    line("    producer {} epoch={}", id, state.epoch);
                    for (const auto& one : state.recent) line("      {}..{} at {}", one.first, one.last, one.base);
                }
            }
            for (const auto& [first, hours, u] : usage(*stream))
                line("  usage hours={}+{} records={} bytes={} units={} rounded={} open_ms={} stored={} refused={}", first, hours,
                     u.records_in, u.bytes_in, u.payload_units_25k, u.bytes_in_rounded_1k, u.open_shard_ms, u.stored_bytes,
                     u.write_refusals);
        }
        // What the doors keep, byte for byte.
        scan(*world, "", [&](std::string_view key, std::string_view value) { line("kept {:?} {:?}", key, value); });
    }
    return out;
}

}   // namespace sluice::streams
