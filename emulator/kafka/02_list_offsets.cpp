// ListOffsets v1-11: the first record at or after a timestamp, per record and not per batch; or a named place. The place with
// the largest timestamp (-3) is found by looking at every batch, which is why only tools should ask for it.
#include "emulator/kafka/serve.h"
#include "protocol/batch/reader.h"

namespace sluice::kafka {

namespace {

constexpr std::int64_t latest = -1, earliest = -2, largest = -3, earliest_local = -4, latest_tiered = -5, earliest_pending = -6;

// Offset and time of the first record that has the largest timestamp.
std::optional<std::pair<streams::Position, std::int64_t>> largest_timestamp(Call& call, streams::Shard& shard, streams::Bounds bounds) {
    std::optional<std::int64_t> best;
    if (bounds.begin >= bounds.end) return std::nullopt;
    (void)call.engine.read(shard, bounds.begin, [&](const storage::EntryView& entry) {
        if (!best || entry.max_timestamp_ms > *best) best = entry.max_timestamp_ms;
        return true;
    });   // what cannot be read has no timestamp
    if (!best) return std::nullopt;
    return call.engine.find_timestamp(shard, *best);
}

}  // namespace

Task<ListOffsetsResponse> handle(Call& call, const ListOffsetsRequest& request) {
    std::vector<std::pair<streams::LogId, std::int64_t>> looked_up;
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        for (const auto& partition : asked.partitions)
            if (auto* shard = stream && partition.timestamp >= 0 ? stream->shard(partition.partition_index) : nullptr)
                for (const auto& extent : shard->extents) looked_up.emplace_back(extent.log, partition.timestamp);
    }
    if (!looked_up.empty()) {
        auto first = call.engine.rehearse([looked_up](const storage::Snapshot& snapshot) {
            for (const auto& [log, ms] : looked_up)
                (void)snapshot.read(log, snapshot.find_timestamp(log, ms), [](const auto&) { return false; });
        });
        co_await std::move(first);
    }
    ListOffsetsResponse response;
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        for (const auto& partition : asked.partitions) {
            auto& p = told.partitions.emplace_back();
            p.partition_index = partition.partition_index;
            auto* shard = stream ? stream->shard(partition.partition_index) : nullptr;
            if (!shard) {
                p.error_code = ErrorCode::unknown_topic_or_partition;
                continue;
            }
            if (partition.current_leader_epoch > 0) {
                p.error_code = ErrorCode::unknown_leader_epoch;
                continue;
            }
            const auto bounds = call.engine.bounds(*shard);
            const auto place = [&](streams::Position offset) {
                p.offset = offset;
                p.leader_epoch = 0;
            };
            const auto record = [&](const std::optional<std::pair<streams::Position, std::int64_t>>& found) {
                if (!found) return;
                place(found->first);
                p.timestamp = found->second;
            };
            const auto time = partition.timestamp;
            if (time == latest) place(bounds.end);
            else if (time == earliest || (time == earliest_local && call.version >= 8)) place(bounds.begin);
            else if (time == largest && call.version >= 7) record(largest_timestamp(call, *shard, bounds));
            else if ((time == latest_tiered && call.version >= 9) || (time == earliest_pending && call.version >= 11)) continue;   // no tiers: -1
            else if (time < 0) p.error_code = ErrorCode::unsupported_version;
            else record(call.engine.find_timestamp(*shard, time));
        }
    }
    co_return response;
}

template Task<void> serve<ListOffsetsRequest>(std::shared_ptr<Call>);

}  // namespace sluice::kafka
