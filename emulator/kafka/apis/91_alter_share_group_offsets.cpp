// AlterShareGroupOffsets v0 (KIP-932): where a share group without members goes on; what its members had taken is forgotten. A
// group that nobody knows is made (seen on Kafka 4.4.0).
#include <algorithm>

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_groups.h"
#include "protocol/kafka/messages/alter_share_group_offsets.h"

namespace sluice::kafka {

Task<AlterShareGroupOffsetsResponse> handle(Call& call, const AlterShareGroupOffsetsRequest& request) {
    auto& groups = call.broker.share_groups(call.world);
    AlterShareGroupOffsetsResponse response;
    if (const auto* group = groups.find(request.group_id); group && !group->members.members().empty()) {
        response.error_code = ErrorCode::non_empty_group;
        response.error_message = "The group is not empty.";
        co_return response;
    }
    if (!good_share_group(request.group_id)) {
        response.error_code = ErrorCode::invalid_group_id;
        response.error_message = std::string(text_of(response.error_code));
        co_return response;
    }
    if (call.broker.groups(call.world).find(request.group_id)) {
        response.error_code = ErrorCode::group_id_not_found;
        response.error_message = call.broker.groups(call.world).none_of_kind(request.group_id, "share");
        co_return response;
    }
    std::vector<streams::Ticket> tickets;
    for (const auto& asked : request.topics) {
        auto& told = response.responses.emplace_back();
        told.topic_name = asked.topic_name;
        const auto denied = refusal(call, ResourceType::topic, asked.topic_name);
        const auto stream = denied == ErrorCode::none ? topic(call, asked.topic_name) : nullptr;
        if (stream) told.topic_id = to_wire_id(stream->topic_id);
        streams::Ticket ticket;
        for (const auto& wanted : asked.partitions) {
            auto& partition = told.partitions.emplace_back();
            partition.partition_index = wanted.partition_index;
            const auto* shard = stream ? stream->shard(wanted.partition_index) : nullptr;
            if (!shard) {
                partition.error_code = denied != ErrorCode::none ? denied : ErrorCode::unknown_topic_or_partition;
                partition.error_message = std::string(text_of(partition.error_code));
                continue;
            }
            auto& backlog = *groups.topic(request.group_id, *stream).backlog;
            const auto bounds = call.engine.bounds(*shard);
            backlog.begin_at(shard->index, std::clamp(wanted.start_offset, bounds.begin, bounds.end));
            ticket = backlog.store();
        }
        tickets.push_back(std::move(ticket));
    }
    for (std::size_t i = 0; i < tickets.size(); ++i) {
        const auto stored = co_await tickets[i].committed();
        if (stored) continue;
        for (auto& partition : response.responses[i].partitions) partition.error_code = code_of(stored.error());
    }
    co_return response;
}

template Task<void> serve<AlterShareGroupOffsetsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
