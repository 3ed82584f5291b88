// OffsetFetch v1-10: committed offsets; -1 with an empty text where there is none, whatever else is unknown. A child of a
// split whose parent has an offset answers with its own log start (rule 15). What is shown is
// stored: a commit under way is waited for.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/offset_fetch.h"

namespace sluice::kafka {

namespace {

CommittedOffset look_up(const Offsets& offsets, std::string_view group, const streams::StreamPointer& stream,
                        std::int32_t partition) {
    if (!stream) return {};
    return offsets.offset(group, *stream, partition).value_or(CommittedOffset{});
}

template <class P>
P told_of(const CommittedOffset& committed, std::int32_t partition) {
    P p;
    p.partition_index = partition;
    p.committed_offset = committed.offset;
    p.committed_leader_epoch = committed.leader_epoch;
    p.metadata = committed.metadata;
    return p;
}

// All a group has committed, by topic.
template <class Topic, class P>
std::vector<Topic> everything(Call& call, const Offsets& offsets, std::string_view id) {
    std::vector<Topic> topics;
    const auto* committed_by_group = offsets.find(id);
    if (!committed_by_group) return topics;
    const streams::Uuid* last = nullptr;
    for (const auto& [partition, committed] : *committed_by_group) {
        if (!last || *last != partition.first) {
            const auto stream = topic(call, to_wire_id(partition.first));
            if (!stream) continue;
            last = &partition.first;
            auto& told = topics.emplace_back();
            told.name = stream->name;
            if constexpr (requires { told.topic_id; }) told.topic_id = to_wire_id(partition.first);
        }
        topics.back().partitions.push_back(told_of<P>(committed, partition.second));
    }
    return topics;
}

}   // namespace

Task<OffsetFetchResponse> handle(Call& call, const OffsetFetchRequest& request) {
    const auto& offsets = call.broker.groups(call.world).offsets();
    OffsetFetchResponse response;
    if (call.version < 8) {
        if (const auto shown = offsets.shown(request.group_id); !shown.done()) co_await shown.finished();
        if (!request.topics) {
            response.topics =
                everything<OffsetFetchResponse::Topic, OffsetFetchResponse::Partition>(call, offsets, request.group_id);
            co_return response;
        }
        for (const auto& asked : *request.topics) {
            const auto stream = topic(call, asked.name);
            auto& told = response.topics.emplace_back();
            told.name = asked.name;
            for (const auto partition : asked.partition_indexes) {
                told.partitions.push_back(
                    told_of<OffsetFetchResponse::Partition>(look_up(offsets, request.group_id, stream, partition), partition));
            }
        }
        co_return response;
    }
    for (const auto& group : request.groups) {
        auto& answered = response.groups.emplace_back();
        answered.group_id = group.group_id;
        if (const auto shown = offsets.shown(group.group_id); !shown.done()) co_await shown.finished();
        if (!group.topics) {
            answered.topics =
                everything<OffsetFetchResponse::GroupTopic, OffsetFetchResponse::GroupPartition>(call, offsets, group.group_id);
            continue;
        }
        for (const auto& asked : *group.topics) {
            const auto stream = call.version >= 10 ? topic(call, asked.topic_id) : topic(call, asked.name);
            auto& told = answered.topics.emplace_back();
            told.name = asked.name;
            told.topic_id = asked.topic_id;
            for (const auto partition : asked.partition_indexes) {
                auto p =
                    told_of<OffsetFetchResponse::GroupPartition>(look_up(offsets, group.group_id, stream, partition), partition);
                if (!stream && call.version >= 10) p.error_code = ErrorCode::unknown_topic_id;
                told.partitions.push_back(std::move(p));
            }
        }
    }
    co_return response;
}

template Task<void> serve<OffsetFetchRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
