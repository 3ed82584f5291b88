// What was read from the store, before the engine lives by it: a record that no engine can have written stops the start with one
// line, which names it. A disk that changes bytes must not become wrong offsets, two shards that append to one log, or a crash
// much later. The bounds are those of acceptance (bounds.h).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/stored.h"

namespace sluice::streams {
namespace {

using bounds::count, bounds::moment;

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
        if (!count(extent.log()) || extent.from() < 0 || extent.from() > bounds::largest_count ||
            (extent.to() != -1 && extent.to() < extent.from()))
            return "a shard's log has no such range";
    return {};
}

std::string_view fault_of(const catalog::Stream& stream) {
    const auto& l = stream.limits();
    if (!count(stream.id())) return "a stream's number is none";
    if (!bounds::name(stream.name())) return "a stream's name is none";
    if (stream.topic_id().size() != 16) return "a stream's topic id is none";
    if (!bounds::rates(
            {l.write_bytes_per_second(), l.write_records_per_second(), l.read_bytes_per_second(), l.read_calls_per_second()}) ||
        !bounds::rate(stream.max_record_bytes()))
        return "a stream's limits are none";
    if (!moment(stream.created_ms()) || !moment(stream.ready_ms()) || !bounds::retention(stream.retention_ms()))
        return "a stream's times are none";
    if (stream.status() < 0 || stream.status() > static_cast<int>(StreamStatus::deleting)) return "a stream's status is none";
    if (stream.manners() > static_cast<unsigned>(Manners::kinesis)) return "a stream's manners are none";
    if (!bounds::text(stream.account(), bounds::place_bytes) || !bounds::text(stream.region(), bounds::place_bytes) ||
        !bounds::text(stream.profile(), bounds::profile_bytes) || !bounds::configs(stream.configs()) ||
        !bounds::tags(stream.tags()))
        return "a stream's texts are none";
    const auto most = std::max(bounds::kafka_partitions, bounds::shards_ever);
    if (stream.shards() == 0 || stream.shards() > static_cast<std::uint32_t>(most))
        return "a stream has no such number of shards";
    const auto shards = static_cast<std::int64_t>(stream.shards());
    if (stream.has_reshard() && (stream.reshard().first() < 0 || stream.reshard().first() >= shards ||
                                 stream.reshard().second() < -1 || stream.reshard().second() >= shards))
        return "a stream's next split or merge is none";
    return {};
}

std::string hex(std::string_view key) {
    std::string out;
    for (const char c : key) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

}   // namespace

void damaged(std::string_view key, std::string_view what) {
    throw storage::StartError(
        fmt::format("the catalog in the data folder is damaged ({}): `sluice repair DIR {}` sets that record aside and the rest "
                    "opens; or restore a copy, or give --data another folder",
                    what, hex(key)));
}

void check(const catalog::World& world, std::string_view key) {
    const auto& clock = world.clock();
    if (!std::isfinite(clock.rate()) || clock.rate() <= 0 || clock.rate() > 1'000'000) damaged(key, "its clock has no such rate");
    if (!in_bounds(from_ms(clock.now_ms())) || !moment(clock.real_ms())) damaged(key, "its clock has no such time");
    if (!count(world.next_stream()) || world.next_producer() < 0 || world.next_producer() > bounds::largest_count)
        damaged(key, "its next numbers are none");
}

void check(const catalog::Folder& folder) {
    for (const auto& feature : folder.features())
        throw storage::StartError(
            fmt::format("the data folder needs '{}', which this version lacks: use the version that wrote it, "
                        "or give --data another folder",
                        feature));
    if (!count(folder.next_log())) damaged(folder_key(), "its next numbers are none");
}

void check(const std::vector<StoredStream>& streams, std::uint64_t next_stream, std::uint64_t next_log) {
    std::set<std::string_view> names, topic_ids;
    std::set<std::uint64_t> appended;
    for (const auto& [stream, shards, world] : streams) {
        const auto must = [&](bool good, std::string_view what) {
            if (!good) damaged(stream_key(WorldId{world}, StreamId{stream.id()}), what);
        };
        const auto fault = fault_of(stream);
        must(fault.empty(), fault);
        must(stream.id() < next_stream, "a stream's number was not given out yet");
        must(names.insert(stream.name()).second && topic_ids.insert(stream.topic_id()).second,
             "two streams share a name or an id");
        must(shards.size() == stream.shards(), "a stream has not the shards that it counts");
        int place = 0;
        for (const auto& shard : shards) {
            const auto wrong = fault_of(shard, place++);
            must(wrong.empty(), wrong);
            must(appended.insert(shard.extents().rbegin()->log()).second, "two shards append to one log");
            for (const auto& extent : shard.extents()) must(extent.log() < next_log, "a shard's log was not given out yet");
        }
    }
}

}   // namespace sluice::streams
