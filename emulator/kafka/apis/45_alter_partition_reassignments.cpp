// AlterPartitionReassignments v0-1: the only node has every replica, so what can be asked for is there already. Codes and texts
// as seen on Kafka 4.4.0.
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/alter_partition_reassignments.h"

namespace sluice::kafka {

namespace {

using AskedMove = AlterPartitionReassignmentsRequest::Partition;
using ToldMove = AlterPartitionReassignmentsResponse::Partition;

void reassign(const Call& call, const streams::Stream* stream, std::string_view name, const AskedMove& asked, ToldMove& told) {
    const auto refuse = [&](ErrorCode code, std::optional<std::string> text) {
        told.error_code = code;
        told.error_message = std::move(text);
    };
    told.error_message.reset();
    if (!stream) return refuse(ErrorCode::unknown_topic_or_partition, "Unable to find a topic named " + std::string(name) + ".");
    if (!stream->shard(asked.partition_index))
        return refuse(ErrorCode::unknown_topic_or_partition,
                      "Unable to find partition " + std::string(name) + ":" + std::to_string(asked.partition_index) + ".");
    if (!asked.replicas) return refuse(ErrorCode::no_reassignment_in_progress, std::nullopt);   // the end of one that runs
    if (auto fault = assignment_fault(call, *asked.replicas))
        return refuse(ErrorCode::invalid_replica_assignment, std::move(fault));
}

}   // namespace

Task<AlterPartitionReassignmentsResponse> handle(Call& call, const AlterPartitionReassignmentsRequest& request) {
    AlterPartitionReassignmentsResponse response;
    response.allow_replication_factor_change = request.allow_replication_factor_change;
    if (!request.topics.empty()) response.error_message.reset();
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        auto& told = response.responses.emplace_back();
        told.name = asked.name;
        for (const auto& partition : asked.partitions) {
            auto& result = told.partitions.emplace_back();
            result.partition_index = partition.partition_index;
            reassign(call, stream.get(), asked.name, partition, result);
        }
    }
    co_return response;
}

template Task<void> serve<AlterPartitionReassignmentsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
