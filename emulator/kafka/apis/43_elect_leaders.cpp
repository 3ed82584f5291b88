// ElectLeaders v0-2: the only node leads every partition, so no election is ever needed. Codes and texts as seen on Kafka 4.4.0.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/elect_leaders.h"

namespace sluice::kafka {

namespace {

constexpr std::int8_t unclean_election = 1;   // 0: the preferred replica

void elect(const streams::Stream* stream, std::string_view name, std::int8_t type, ElectLeadersResponse::Partition& told) {
    const auto say = [&](ErrorCode code, std::string text) {
        told.error_code = code;
        told.error_message = std::move(text);
    };
    if (type < 0 || type > unclean_election)
        return say(ErrorCode::invalid_request, "Unknown election type " + std::to_string(type));
    if (!stream) return say(ErrorCode::unknown_topic_or_partition, "No such topic as " + std::string(name));
    if (!stream->shard(told.partition_id))
        return say(ErrorCode::unknown_topic_or_partition,
                   "No such partition as " + std::string(name) + "-" + std::to_string(told.partition_id));
    say(ErrorCode::election_not_needed, std::string(text_of(ErrorCode::election_not_needed)));
}

}   // namespace

Task<ElectLeadersResponse> handle(Call& call, const ElectLeadersRequest& request) {
    ElectLeadersResponse response;
    const auto denied = refusal(call, ResourceType::cluster);   // told of each partition: v0 has no other place for it
    response.error_code = denied;
    if (denied == ErrorCode::none && (request.election_type < 0 || request.election_type > unclean_election))
        response.error_code = ErrorCode::invalid_request;
    if (!request.topic_partitions) {
        if (response.error_code != ErrorCode::none) co_return response;
        for (const auto& stream : call.engine.list(call.world))   // Kafka leaves out the partitions that need no election
            if (!stream->deleted && stream->status != streams::StreamStatus::deleting)
                response.replica_election_results.push_back({.topic = stream->name, .partition_result = {}});
        co_return response;
    }
    for (const auto& asked : *request.topic_partitions) {
        const auto stream = topic(call, asked.topic);
        auto& told = response.replica_election_results.emplace_back();
        told.topic = asked.topic;
        for (const auto index : asked.partitions) {
            auto& result = told.partition_result.emplace_back();
            result.partition_id = index;
            if (denied == ErrorCode::none) {
                elect(stream.get(), asked.topic, request.election_type, result);
                continue;
            }
            result.error_code = denied;
            result.error_message = std::string(text_of(denied));
        }
    }
    co_return response;
}

template Task<void> serve<ElectLeadersRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
