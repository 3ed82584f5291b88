// OffsetCommit v2-10: answered when the offsets are in the store. Kept by topic id, so a deleted and re-created topic starts
// afresh. Seen on Kafka 4.4.0: negative offsets and the empty group are accepted, and a partition that does not exist is refused
// as such whoever asks.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/utf8.h"

namespace sluice::kafka {

Task<OffsetCommitResponse> handle(Call& call, const OffsetCommitRequest& request) {
    auto& groups = call.broker.groups(call.world);
    OffsetCommitResponse response;
    const auto refused = groups.may_commit(request.group_id, request.member_id, request.group_instance_id,
                                           request.generation_id_or_member_epoch, call.version);
    const auto no_group = refusal(call, ResourceType::group, request.group_id);
    struct Queued {
        std::size_t topic, partition;
        streams::Ticket ticket;
    };
    std::vector<Queued> waiting;
    const auto now = call.world.clock->now();
    for (const auto& asked : request.topics) {
        const auto stream = call.version >= 10 ? topic(call, asked.topic_id) : topic(call, asked.name);
        const auto denied = no_group != ErrorCode::none || (!stream && call.version >= 10)
                                ? no_group
                                : refusal(call, ResourceType::topic, stream ? stream->name : asked.name);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        told.topic_id = asked.topic_id;
        for (const auto& partition : asked.partitions) {
            auto& p = told.partitions.emplace_back();
            p.partition_index = partition.partition_index;
            const auto metadata = partition.committed_metadata.value_or("");
            if (denied != ErrorCode::none)
                p.error_code = denied;
            else if (!stream)
                p.error_code = call.version >= 10 ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
            else if (!stream->shard(partition.partition_index))
                p.error_code = ErrorCode::unknown_topic_or_partition;
            else if (refused != ErrorCode::none)
                p.error_code = refused;
            else if (metadata.size() > Groups::longest_metadata && utf16_units(metadata) > Groups::longest_metadata)
                p.error_code = ErrorCode::offset_metadata_too_large;
            else {
                const Partition place{stream->topic_id, partition.partition_index};
                auto ticket = groups.commit(request.group_id, place,
                                            {.offset = partition.committed_offset,
                                             .leader_epoch = partition.committed_leader_epoch,
                                             .metadata = std::string(metadata),
                                             .committed = now});
                waiting.push_back({response.topics.size() - 1, told.partitions.size() - 1, std::move(ticket)});
            }
        }
    }
    for (const auto& entry : waiting) {
        const auto committed = co_await entry.ticket.committed();
        if (committed) continue;
        response.topics[entry.topic].partitions[entry.partition].error_code = code_of(committed.error());
    }
    co_return response;
}

template Task<void> serve<OffsetCommitRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
