// OffsetDelete v0: committed offsets go, of partitions whose topic no member of the group reads; answered when that is stored.
// Codes as seen on Kafka 4.4.0.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/offset_delete.h"

namespace sluice::kafka {

namespace {

ErrorCode group_code(std::string_view id, const Group* group) {
    if (id.empty()) return ErrorCode::invalid_group_id;
    if (!group) return ErrorCode::group_id_not_found;
    // Only of consumers is known what they read.
    const bool known = group->empty() || group->streams || group->protocol_type() == "consumer";
    return known ? ErrorCode::none : ErrorCode::non_empty_group;
}

}   // namespace

Task<OffsetDeleteResponse> handle(Call& call, const OffsetDeleteRequest& request) {
    auto& groups = call.broker.groups(call.world);
    const auto* group = groups.find(request.group_id);
    OffsetDeleteResponse response;
    response.error_code = group_code(request.group_id, group);
    if (response.error_code != ErrorCode::none) co_return response;
    const auto read = group->empty() ? std::set<std::string, std::less<>>{} : group->topics;
    std::vector<streams::Ticket> tickets;
    std::vector<std::pair<std::size_t, std::size_t>> places;   // of the tickets' answers
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        const auto denied = refusal(call, ResourceType::topic, asked.name);
        for (const auto& partition : asked.partitions) {
            auto& result = told.partitions.emplace_back();
            result.partition_index = partition.partition_index;
            if (denied != ErrorCode::none) {
                result.error_code = denied;
            } else if (!stream || !stream->shard(partition.partition_index)) {
                result.error_code = ErrorCode::unknown_topic_or_partition;
            } else if (read.contains(asked.name)) {
                result.error_code = ErrorCode::group_subscribed_to_topic;
            } else {
                tickets.push_back(groups.erase_offset(request.group_id, {stream->topic_id, partition.partition_index}));
                places.emplace_back(response.topics.size() - 1, told.partitions.size() - 1);
            }
        }
    }
    for (std::size_t i = 0; i < tickets.size(); ++i) {
        const auto stored = co_await tickets[i].committed();
        if (!stored) response.topics[places[i].first].partitions[places[i].second].error_code = code_of(stored.error());
    }
    co_return response;
}

template Task<void> serve<OffsetDeleteRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
