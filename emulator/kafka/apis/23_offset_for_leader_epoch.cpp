// OffsetForLeaderEpoch v2-4: there is one leader epoch, 0, and it ends where the log ends. Codes as seen on Kafka 4.4.0.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/offset_for_leader_epoch.h"

namespace sluice::kafka {

namespace {

ErrorCode epoch_fault(const streams::Shard* shard, std::int32_t current_epoch) {
    if (!shard) return ErrorCode::unknown_topic_or_partition;
    if (current_epoch > 0) return ErrorCode::unknown_leader_epoch;
    return current_epoch < -1 ? ErrorCode::fenced_leader_epoch : ErrorCode::none;
}

}   // namespace

Task<OffsetForLeaderEpochResponse> handle(Call& call, const OffsetForLeaderEpochRequest& request) {
    OffsetForLeaderEpochResponse response;
    const bool all = refusal(call, ResourceType::cluster) == ErrorCode::none;   // brokers ask for any topic
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.topic);
        auto& told = response.topics.emplace_back();
        told.topic = asked.topic;
        const auto denied = all ? ErrorCode::none : refusal(call, ResourceType::topic, asked.topic);
        for (const auto& partition : asked.partitions) {
            const auto* shard = stream ? stream->shard(partition.partition) : nullptr;
            auto& end = told.partitions.emplace_back();
            end.partition = partition.partition;
            end.error_code = denied != ErrorCode::none ? denied : epoch_fault(shard, partition.current_leader_epoch);
            constexpr std::int32_t only = 0, undefined = -1;
            const auto epoch = partition.leader_epoch;
            if (end.error_code != ErrorCode::none || epoch == undefined || epoch > only) continue;
            const auto bounds = call.engine.bounds(*shard);
            end.leader_epoch = epoch;   // one before the first ends where the log begins
            end.end_offset = epoch == only ? bounds.end : bounds.begin;
        }
    }
    co_return response;
}

template Task<void> serve<OffsetForLeaderEpochRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
