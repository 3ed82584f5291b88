// DescribeShareGroupOffsets v0-1 (KIP-932): where a share group stands in each partition, and how many records it has before it.
// Seen on Kafka 4.4.0: an unknown group has no topics and is no error, an unknown topic is none either, and
// what nobody fetched yet stands at -1.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_groups.h"
#include "protocol/kafka/messages/describe_share_group_offsets.h"

namespace sluice::kafka {

namespace {

using DescribedTopic = DescribeShareGroupOffsetsResponse::Group::Topic;

void describe_partition(Call& call, const ShareTopic* known, const streams::Shard& shard, DescribedTopic& told) {
    auto& partition = told.partitions.emplace_back();
    partition.partition_index = shard.index;
    partition.start_offset = -1;
    if (!known) return;
    const auto start = known->backlog->start(shard.index);
    if (!start) return;
    const auto bounds = call.engine.bounds(shard);
    partition.start_offset = std::max(*start, bounds.begin);
    const auto fresh = bounds.end - std::max(*known->backlog->next(shard.index), bounds.begin);
    partition.lag = fresh + static_cast<std::int64_t>(known->backlog->deliveries().size_in(shard.index));
}

DescribedTopic topic_told(std::string_view name, const streams::Stream* stream) {
    DescribedTopic told;
    told.topic_name = name;
    if (stream) told.topic_id = to_wire_id(stream->topic_id);
    return told;
}

}   // namespace

Task<DescribeShareGroupOffsetsResponse> handle(Call& call, const DescribeShareGroupOffsetsRequest& request) {
    auto& groups = call.broker.share_groups(call.world);
    DescribeShareGroupOffsetsResponse response;
    for (const auto& asked : request.groups) {
        auto& told = response.groups.emplace_back();
        told.group_id = asked.group_id;
        told.error_code = refusal(call, ResourceType::group, asked.group_id);
        if (told.error_code != ErrorCode::none) {
            told.error_message = std::string(text_of(told.error_code));
            continue;
        }
        const auto* group = groups.find(asked.group_id);
        if (!asked.topics) {
            if (!group) continue;
            auto names = group->members.topics();
            for (const auto& [id, topic] : group->topics)
                if (const auto stream = call.engine.find_topic(call.world, id)) names.insert(stream->name);
            for (const auto& name : names) {
                const auto stream = topic(call, name);
                if (!stream || refusal(call, ResourceType::topic, name) != ErrorCode::none) continue;
                auto& one = told.topics.emplace_back(topic_told(name, stream.get()));
                const auto* known = groups.find_topic(asked.group_id, stream->topic_id);
                for (const auto& shard : stream->shards)
                    if (!shard->expired) describe_partition(call, known, *shard, one);
            }
            continue;
        }
        for (const auto& wanted : *asked.topics) {
            const auto denied = refusal(call, ResourceType::topic, wanted.topic_name);
            const auto stream = denied == ErrorCode::none ? topic(call, wanted.topic_name) : nullptr;
            auto& one = told.topics.emplace_back(topic_told(wanted.topic_name, stream.get()));
            for (const auto index : wanted.partitions) {
                if (const auto* shard = stream ? stream->shard(index) : nullptr) {
                    describe_partition(call, groups.find_topic(asked.group_id, stream->topic_id), *shard, one);
                    continue;
                }
                auto& partition = one.partitions.emplace_back();
                partition.partition_index = index;
                partition.start_offset = -1;
                if (!stream && denied == ErrorCode::none) continue;
                partition.error_code = denied != ErrorCode::none ? denied : ErrorCode::unknown_topic_or_partition;
                partition.error_message = std::string(text_of(partition.error_code));
            }
        }
    }
    co_return response;
}

template Task<void> serve<DescribeShareGroupOffsetsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
