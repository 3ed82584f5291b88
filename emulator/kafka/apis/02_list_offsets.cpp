// ListOffsets v1-11: the first record at or after a timestamp, per record and not per batch; or a named place. The place with
// the largest timestamp (-3) is found by looking at every batch, which is why only tools should ask for it; on disk a thread does
// it, piece by piece.
#include "emulator/kafka/logs/by_time.h"
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

namespace {

constexpr std::int64_t latest = -1, earliest = -2, largest = -3, earliest_local = -4, latest_tiered = -5, earliest_pending = -6;

}   // namespace

Task<ListOffsetsResponse> handle(Call& call, const ListOffsetsRequest& request) {
    std::vector<std::pair<streams::LogId, std::int64_t>> looked_up;
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        for (const auto& partition : asked.partitions)
            if (auto* shard = stream && partition.timestamp >= 0 ? stream->shard(partition.partition_index) : nullptr)
                for (const auto& extent : shard->extents) looked_up.emplace_back(extent.log, partition.timestamp);
    }
    if (!looked_up.empty()) {
        auto first = look_up_first(call.engine, std::move(looked_up));
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
            const auto record = [&](const PlaceInTime& found) {
                if (!found) return;
                place(found->first);
                p.timestamp = found->second;
            };
            const auto time = partition.timestamp;
            if (time == latest)
                place(bounds.end);
            else if (time == earliest || (time == earliest_local && call.version >= 8))
                place(bounds.begin);
            else if (time == largest && call.version >= 7) {
                auto looking = largest_timestamp(call.engine, stream, *shard);
                record(co_await std::move(looking));
            } else if ((time == latest_tiered && call.version >= 9) || (time == earliest_pending && call.version >= 11))
                continue;   // no tiers: -1
            else if (time < 0)
                p.error_code = ErrorCode::unsupported_version;
            else
                record(call.engine.find_timestamp(*shard, time));
        }
    }
    co_return response;
}

template Task<void> serve<ListOffsetsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
