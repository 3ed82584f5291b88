// What can be changed of a stream that is there: its retention, its limits, its configs.
#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/state.h"

namespace sluice::streams {

void Catalog::set_buckets(Shard& shard) {
    if (shard.expired)
        for (auto* bucket : shard.buckets()) bucket->clear();   // always full: its tokens are not kept
    const auto now = clock_of(shard).now();
    const auto& limits = shard.stream->limits;
    const auto bytes = write_capacity(limits, engine_.options.write_burst_bytes, shard.stream->max_record_bytes);
    shard.write_bytes.change(limits.write_bytes_per_second, bytes, now);
    shard.write_records.change(limits.write_records_per_second, limits.write_records_per_second, now);
    shard.read_bytes.change(limits.read_bytes_per_second, limits.read_bytes_per_second, now);
    shard.read_calls.change(limits.read_calls_per_second, limits.read_calls_per_second, now);
    shard.iterator_calls.change(limits.iterator_calls_per_second, limits.iterator_calls_per_second, now);
    shard.read_records.change(limits.read_records_per_second, limits.read_records_per_second, now);
}

// What is kept changes: first goes what the old values have dropped by now, since raising brings nothing back.
void Catalog::change_retention(Stream& stream, std::optional<milliseconds> retention, std::optional<std::int64_t> bytes) {
    for (auto& shard : stream.shards) {
        if (shard->expired) continue;
        engine_.upkeep.trim(*shard);
        engine_.writer.group().bind(scope_of(stream), shard->log());   // a raise without these trims would bring records back
        stay_expired(*shard);
        engine_.upkeep.expire(*shard);
    }
    stream.retention = retention;
    stream.retention_bytes = bytes;
    for (auto& shard : stream.shards) {
        shard->trim_armed = false;
        shard->sized_end = -1;
        engine_.upkeep.arm_trim(*shard);
    }
    stream.trim_when_stored = true;
}

Result<Ticket> Catalog::set_retention(Stream& stream, std::optional<milliseconds> retention) {
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    change_retention(stream, retention, stream.retention_bytes);
    save_stream(stream);
    return engine_.writer.ticket({});
}

Result<Ticket> Catalog::set_settings(Stream& stream, Engine::Settings wanted) {
    if (!bounds::fault_of_texts(wanted.configs, std::map<std::string, std::string>{}).empty())
        return std::unexpected{Fault::bad_text};
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    if (wanted.retention != stream.retention || wanted.retention_bytes != stream.retention_bytes)
        change_retention(stream, wanted.retention, wanted.retention_bytes);
    stream.configs = std::move(wanted.configs);
    if (wanted.compaction != stream.compaction) {
        // Whether retention applies may change as well: what it has dropped until now is gone, and what it drops is looked for.
        change_retention(stream, stream.retention, stream.retention_bytes);
        stream.compaction = wanted.compaction;
        for (auto& shard : stream.shards) {
            shard->trim_armed = false;
            engine_.upkeep.arm_trim(*shard);
            engine_.cleaner.look_again(*shard);
        }
    }
    save_stream(stream);
    return engine_.writer.ticket({});
}

Ticket Catalog::set_limits(Stream& stream, std::string_view profile, const StreamLimits& limits) {
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    stream.profile = profile;
    stream.limits = limits;
    for (auto& shard : stream.shards) {
        set_buckets(*shard);
        engine_.writer.touch(*shard);
    }
    save_stream(stream);
    return engine_.writer.ticket({});
}

// A write bucket holds at least one record of the largest size, so the buckets change with it.
Result<Ticket> Catalog::set_largest_record(Stream& stream, std::int64_t bytes) {
    if (bytes < 1 || bytes > max_record_bytes) return std::unexpected{Fault::bad_count};
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    stream.max_record_bytes = bytes;
    for (auto& shard : stream.shards) {
        set_buckets(*shard);
        engine_.writer.touch(*shard);
    }
    save_stream(stream);
    return engine_.writer.ticket({});
}

Ticket Catalog::set_spread(Stream& stream, bool spread) {
    if (spread && !stream.on_demand) stop_for_bug("only a stream on demand is spread");
    if (spread == stream.spread()) return settled(stream);
    return change(stream, [&] {
        stream.placing = spread ? Placing::spread : Placing::by_key_again;
        stream.next_spread = 0;
    });
}

Result<Ticket> Catalog::set_config(Stream& stream, const std::string& key, std::optional<std::string> value) {
    using Texts = std::map<std::string, std::string>;
    if (!bounds::fault_of_texts(Texts{{key, value.value_or("")}}, Texts{}).empty()) return std::unexpected{Fault::bad_text};
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    if (value)
        stream.configs[key] = *value;
    else
        stream.configs.erase(key);
    save_stream(stream);
    return engine_.writer.ticket({});
}

}   // namespace sluice::streams
