// OffsetFetch v1-10: committed offsets; -1 with an empty text where there is none, whatever else is unknown. A child of a
// split whose parent has an offset answers with its own log start (rule 15). What is shown is
// stored: a commit under way is waited for. Who asks for stable offsets only is told to come again for those that an open
// transaction may change (KIP-447). From v9 on a member of a consumer group says its epoch, and is told when it is not that of
// the group's.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/messages/offset_fetch.h"

namespace sluice::kafka {

namespace {

CommittedOffset look_up(const Offsets& offsets, std::string_view group, const streams::StreamPointer& stream,
                        std::int32_t partition) {
    if (!stream) return {};
    return offsets.offset(group, *stream, partition).value_or(CommittedOffset{});
}

template <class P>
P told_of(const CommittedOffset& committed, std::int32_t partition, bool unstable) {
    P p;
    p.partition_index = partition;
    if (unstable) {
        p.error_code = ErrorCode::unstable_offset_commit;
        p.committed_offset = -1;
        return p;
    }
    p.committed_offset = committed.offset;
    p.committed_leader_epoch = committed.leader_epoch;
    p.metadata = committed.metadata;
    return p;
}

// All a group has committed, by topic.
template <class Topic, class P>
std::vector<Topic> everything(Call& call, const Offsets& offsets, std::string_view id, bool stable_only) {
    const auto& transactions = call.broker.transactions(call.world);
    std::vector<Topic> topics;
    const auto* committed_by_group = offsets.find(id);
    if (!committed_by_group) return topics;
    const streams::Uuid* last = nullptr;
    for (const auto& [partition, committed] : *committed_by_group) {
        if (!last || *last != partition.first) {
            const auto stream = topic(call, to_wire_id(partition.first));
            if (!stream || refusal(call, ResourceType::topic, stream->name) != ErrorCode::none) {
                last = nullptr;
                continue;
            }
            last = &partition.first;
            auto& told = topics.emplace_back();
            told.name = stream->name;
            if constexpr (requires { told.topic_id; }) told.topic_id = to_wire_id(partition.first);
        }
        topics.back().partitions.push_back(
            told_of<P>(committed, partition.second, stable_only && transactions.unstable(id, partition)));
    }
    return topics;
}

// v1 has no other place for the code of the whole.
void refuse_partitions(const OffsetFetchRequest& request, OffsetFetchResponse& response) {
    if (!request.topics) return;
    for (const auto& asked : *request.topics) {
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        for (const auto index : asked.partition_indexes) {
            auto& partition = told.partitions.emplace_back();
            partition.partition_index = index;
            partition.committed_offset = -1;
            partition.error_code = response.error_code;
        }
    }
}

}   // namespace

Task<OffsetFetchResponse> handle(Call& call, const OffsetFetchRequest& request) {
    const auto& groups = call.broker.groups(call.world);
    const auto& offsets = groups.offsets();
    const auto unstable = [&](std::string_view group, const streams::StreamPointer& stream, std::int32_t partition) {
        return request.require_stable && stream &&
               call.broker.transactions(call.world).unstable(group, {stream->topic_id, partition});
    };
    OffsetFetchResponse response;
    if (call.version < 8) {
        response.error_code = refusal(call, ResourceType::group, request.group_id);
        if (response.error_code != ErrorCode::none) {
            if (call.version < 2) refuse_partitions(request, response);
            co_return response;
        }
        if (const auto shown = offsets.shown(request.group_id); !shown.done()) co_await shown.finished();
        if (!request.topics) {
            response.topics = everything<OffsetFetchResponse::Topic, OffsetFetchResponse::Partition>(
                call, offsets, request.group_id, request.require_stable);
            co_return response;
        }
        for (const auto& asked : *request.topics) {
            const auto denied = refusal(call, ResourceType::topic, asked.name);
            const auto stream = denied == ErrorCode::none ? topic(call, asked.name) : nullptr;
            auto& told = response.topics.emplace_back();
            told.name = asked.name;
            for (const auto partition : asked.partition_indexes) {
                told.partitions.push_back(
                    told_of<OffsetFetchResponse::Partition>(look_up(offsets, request.group_id, stream, partition), partition,
                                                            unstable(request.group_id, stream, partition)));
                if (denied != ErrorCode::none) told.partitions.back().error_code = denied;
            }
        }
        co_return response;
    }
    for (const auto& group : request.groups) {
        auto& answered = response.groups.emplace_back();
        answered.group_id = group.group_id;
        answered.error_code = refusal(call, ResourceType::group, group.group_id);
        if (answered.error_code == ErrorCode::none && call.version >= 9)
            answered.error_code = groups.may_fetch(group.group_id, group.member_id, group.member_epoch);
        if (answered.error_code != ErrorCode::none) continue;
        if (const auto shown = offsets.shown(group.group_id); !shown.done()) co_await shown.finished();
        if (!group.topics) {
            answered.topics = everything<OffsetFetchResponse::GroupTopic, OffsetFetchResponse::GroupPartition>(
                call, offsets, group.group_id, request.require_stable);
            continue;
        }
        for (const auto& asked : *group.topics) {
            auto stream = call.version >= 10 ? topic(call, asked.topic_id) : topic(call, asked.name);
            const auto denied = stream || call.version < 10
                                    ? refusal(call, ResourceType::topic, stream ? stream->name : asked.name)
                                    : ErrorCode::none;
            if (denied != ErrorCode::none) stream = nullptr;
            auto& told = answered.topics.emplace_back();
            told.name = asked.name;
            told.topic_id = asked.topic_id;
            for (const auto partition : asked.partition_indexes) {
                auto p = told_of<OffsetFetchResponse::GroupPartition>(look_up(offsets, group.group_id, stream, partition),
                                                                      partition, unstable(group.group_id, stream, partition));
                if (denied != ErrorCode::none)
                    p.error_code = denied;
                else if (!stream && call.version >= 10)
                    p.error_code = ErrorCode::unknown_topic_id;
                told.partitions.push_back(std::move(p));
            }
        }
    }
    co_return response;
}

template Task<void> serve<OffsetFetchRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
