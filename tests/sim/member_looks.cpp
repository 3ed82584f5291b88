// What is told of a consumer group, beside its members.
#include "protocol/kafka/messages/consumer_group_describe.h"
#include "tests/sim/history.h"

namespace sluice::sim {

using kafka::ErrorCode;

DescribedGroup History::describe_members() {
    DescribedGroup described;
    std::string_view group = member_group;
    kafka::ConsumerGroupDescribeRequest request;
    request.group_ids = {&group, 1};
    machine_->ask<kafka::ConsumerGroupDescribeResponse>(
        std::move(request), 1, hear<kafka::ConsumerGroupDescribeResponse>([&](auto& answer) {
            const auto& told = answer.groups[0];
            described.there = told.error_code == ErrorCode::none;
            described.state = told.group_state;
            described.epoch = told.group_epoch;
            described.text = fmt::format("{}, epoch {}, assigned {}", told.group_state, told.group_epoch, told.assignment_epoch);
            for (const auto& member : told.members) {
                auto& one = described.members[member.member_id];
                one.epoch = member.member_epoch;
                described.text += fmt::format("; {} epoch {} of", member.member_id, member.member_epoch);
                for (const auto& name : member.subscribed_topic_names) described.text += " " + name;
                for (const auto* part : {&member.assignment, &member.target_assignment}) {
                    described.text += part == &member.assignment ? " reads" : " and is to read";
                    for (const auto& topic : part->topic_partitions)
                        for (const auto partition : topic.partitions) {
                            described.text += fmt::format(" {}/{}", topic.topic_name, partition);
                            if (part == &member.assignment) one.reads.emplace(topic.topic_name, partition);
                        }
                }
            }
        }));
    machine_->turn();
    return described;
}

void History::look_at_members() {
    const auto told = describe_members();
    const auto live = to_ms(machine_->clock().live());
    std::erase_if(members_.all, [&](const auto& entry) {
        const auto& [id, one] = entry;
        const bool there = told.members.contains(id);
        if (!there && live < one.earliest) broken("member {} is lost: {}", id, told.text);
        if (there && live >= one.latest) broken("member {} was silent for too long and is there: {}", id, told.text);
        return !there;
    });
    if (!told.there) {
        members_.epoch = 0;   // an empty group that nobody has used for a while goes
        return;
    }
    if (told.epoch < members_.epoch) broken("the epoch of a group went back from {}: {}", members_.epoch, told.text);
    members_.epoch = told.epoch;
    std::set<std::pair<std::string, std::int32_t>> read, readable;
    for (const auto& [id, one] : told.members) {
        const auto known = members_.all.find(id);
        if (known == members_.all.end()) broken("nobody knows member {}: {}", id, told.text);
        if (one.epoch != known->second.epoch) broken("member {} has not epoch {}: {}", id, known->second.epoch, told.text);
        if (one.epoch > told.epoch) broken("member {} is ahead of its group: {}", id, told.text);
        for (const auto& part : one.reads)
            if (!read.insert(part).second) broken("{}/{} has two readers: {}", part.first, part.second, told.text);
        for (const auto& name : known->second.topics)
            if (const auto stream = model_.streams.find(name); stream != model_.streams.end())
                for (std::size_t i = 0; i < stream->second.shards.size(); ++i)
                    readable.emplace(name, static_cast<std::int32_t>(i));
    }
    if (told.state == "Stable" && read != readable)
        broken("a group at rest leaves out some of {} partitions: {}", readable.size(), told.text);
}

}   // namespace sluice::sim
