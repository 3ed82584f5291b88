// What was read from the store, before the engine lives by it: a record that no engine can have written stops the start with one
// line. A disk that changes bytes must not become wrong offsets, two shards that append to one log, or a crash much later.
#include <algorithm>
#include <cmath>
#include <set>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/stored.h"

namespace sluice::streams {
namespace {

constexpr std::int64_t largest_count = std::int64_t{1} << 60;

bool moment(std::int64_t ms) { return ms >= 0 && ms < latest_ms; }
bool count(std::uint64_t value) { return value < static_cast<std::uint64_t>(largest_count); }

// The first thing that is wrong with a shard; empty when nothing is.
std::string_view fault_of(const catalog::Shard& shard, int place) {
    const HashRange range{{shard.first_high(), shard.first_low()}, {shard.last_high(), shard.last_low()}};
    if (shard.index() != place) return "a shard is not in its place";
    if (range.last < range.first) return "a shard's hash range ends before it begins";
    for (const auto parent : shard.parents())
        if (parent < 0 || parent >= place) return "a shard's parent is no older shard";
    if (!moment(shard.created_s()) || !moment(shard.closed_ms()) || !moment(shard.opened_ms())) return "a shard's times are none";
    if (shard.extents().empty()) return "a shard has no log";
    for (const auto& extent : shard.extents())
        if (!count(extent.log()) || extent.from() < 0 || extent.from() > largest_count ||
            (extent.to() != -1 && extent.to() < extent.from()))
            return "a shard's log has no such range";
    for (const auto& extent : shard.extents())
        if (extent.horizon_ms() < 0 || (extent.compacted() && (extent.to() < 0 || &extent != &shard.extents(0))))
            return "a shard's compacted log is none";
    if (shard.pending_log() > largest_count) return "a shard's log that is written is none";
    return fault_of_encrypted(shard);
}

bool is_good(const catalog::Compaction& rules) {
    for (const auto number : {rules.delete_retention_ms(), rules.min_lag_ms(), rules.max_lag_ms(), rules.segment_ms(),
                              rules.segment_bytes(), rules.buffer_bytes(), rules.backoff_ms()})
        if (number < 0) return false;
    return rules.min_dirty_ratio() >= 0 && rules.min_dirty_ratio() <= 1;
}

std::string_view fault_of(const catalog::Stream& stream) {
    const auto& limits = stream.limits();
    if (!count(stream.id())) return "a stream's number is none";
    if (!bounds::good_name(stream.name())) return "a stream's name is none";
    if (const auto fault = bounds::fault_of_place(stream.account(), stream.region()); !fault.empty()) return fault;
    if (const auto fault = bounds::fault_of_texts(stream.configs(), stream.tags()); !fault.empty()) return fault;
    if (stream.manners() != std::to_underlying(Manners::kafka) && stream.manners() != std::to_underlying(Manners::kinesis))
        return "a stream's manners are none";
    if (stream.topic_id().size() != 16) return "a stream's topic id is none";
    for (const auto rate : {limits.write_bytes_per_second(), limits.write_records_per_second(), limits.read_bytes_per_second(),
                            limits.read_calls_per_second(), limits.iterator_calls_per_second(), limits.read_records_per_second(),
                            limits.write_burst_bytes(), stream.max_record_bytes()})
        if (rate < 0 || rate > most_per_second) return "a stream's limits are none";
    if (!moment(stream.created_ms()) || !moment(stream.ready_ms()) || stream.retention_ms() < -1)
        return "a stream's times are none";
    if (const auto& c = stream.compaction(); stream.has_compaction() && !is_good(c)) return "a stream's compaction is none";
    if (stream.status() < 0 || stream.status() > static_cast<int>(StreamStatus::deleting)) return "a stream's status is none";
    if (stream.shards() == 0 || stream.shards() > std::uint32_t{bounds::partitions_ever})
        return "a stream has no such number of shards";
    const auto shards = static_cast<std::int64_t>(stream.shards());
    if (stream.has_reshard() && (stream.reshard().first() < 0 || stream.reshard().first() >= shards ||
                                 stream.reshard().second() < -1 || stream.reshard().second() >= shards))
        return "a stream's next split or merge is none";
    return fault_of_attributes(stream);
}

}   // namespace

void damaged(std::string_view what, std::string_view key) {
    throw DamagedRecord("the catalog in the data folder is damaged (" + std::string(what) +
                            "): `sluice repair DIR` sets that record aside so that the rest opens; or restore a copy",
                        key);
}

void check(const catalog::Folder& folder, std::string_view key) {
    for (const auto& feature : folder.features())
        if (feature != transactions_feature && feature != compaction_feature)
            throw storage::StartError(
                "the data folder needs '" + feature +
                "', which this version lacks: use the version that wrote it, or give --data another folder");
    if (!count(folder.next_log()) || folder.next_log() == 0 || folder.next_world() > most_worlds)
        damaged("its next numbers are none", key);
}

void check(const catalog::World& world, std::string_view key) {
    if (world.id() >= most_worlds) damaged("a world's number is none", key);
    if (!bounds::good_name(world.name())) damaged("a world's name is none", key);
    const auto& clock = world.clock();
    if (!std::isfinite(clock.rate()) || clock.rate() <= 0 || clock.rate() > 1'000'000) damaged("its clock has no such rate", key);
    if (!in_bounds(from_ms(clock.now_ms())) || !moment(clock.real_ms())) damaged("its clock has no such time", key);
    if (!count(world.next_stream()) || world.next_producer() < 0 || world.next_producer() > largest_count)
        damaged("its next numbers are none", key);
}

void check(const std::vector<StoredStream>& streams, std::uint64_t next_stream, std::uint64_t next_log,
           std::set<std::uint64_t>& appended) {
    std::set<std::string_view> names, topic_ids, channel_names, channel_ids;
    for (const auto& [key, stream, shards, consumers, channels, places] : streams) {
        const auto must = [&key](bool good, std::string_view what) {
            if (!good) damaged(what, key);
        };
        const auto fault = fault_of(stream);
        must(fault.empty(), fault);
        must(stream.id() < next_stream, "a stream's number was not given out yet");
        must(names.insert(stream.name()).second && topic_ids.insert(stream.topic_id()).second,
             "two streams share a name or an id");
        must(consumers.size() <= bounds::consumers, "a stream has more consumers than it can have");
        must(channels.size() <= bounds::channels, "a stream has more channels than it can have");
        for (const auto& channel : channels)
            must(channel_names.insert(channel.name()).second && channel_ids.insert(channel.id()).second,
                 "two channels share a name or an id");
        must(shards.size() == stream.shards(), "a stream has not the shards that it counts");
        int place = 0;
        for (const auto& shard : shards) {
            const auto wrong = fault_of(shard, place++);
            must(wrong.empty(), wrong);
            must(is_expired(shard) || appended.insert(shard.extents().rbegin()->log()).second, "two shards append to one log");
            for (const auto& extent : shard.extents()) must(extent.log() < next_log, "a shard's log was not given out yet");
            must(shard.pending_log() < next_log, "a shard's log was not given out yet");
        }
    }
}

}   // namespace sluice::streams
