// ConsumerGroupDescribe v0-1 (KIP-848): epochs, members, what each owns and what it is to own. A topic that went meanwhile is
// left out.
#include <algorithm>

#include "emulator/kafka/groups/describing.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/consumer_group_describe.h"

namespace sluice::kafka {

namespace {

ConsumerGroupDescribeResponse::Assignment described(Call& call, const Assignment& assignment) {
    ConsumerGroupDescribeResponse::Assignment told;
    for (const auto& [id, partitions] : assignment) {
        const auto stream = topic(call, to_wire_id(id));
        if (!stream) continue;
        told.topic_partitions.push_back({.topic_id = to_wire_id(id), .topic_name = stream->name, .partitions = partitions});
    }
    return told;
}

ConsumerGroupDescribeResponse::Member described(Call& call, const ConsumerMember& member) {
    ConsumerGroupDescribeResponse::Member told;
    told.member_id = member.id;
    told.instance_id = member.instance;
    told.rack_id = member.rack;
    told.member_epoch = member.epoch;
    told.client_id = member.client_id;
    told.client_host = member.client_host;
    told.subscribed_topic_names.assign(member.names.begin(), member.names.end());
    told.subscribed_topic_regex = member.regex;
    told.assignment = described(call, assignments::together(member.assigned, member.revoking));   // also what it is to give back
    told.target_assignment = described(call, member.target);
    told.member_type = member.classic ? 0 : 1;
    return told;
}

bool hides_a_topic(const Call& call, const ConsumerGroupDescribeResponse::Assignment& assignment) {
    return std::ranges::any_of(assignment.topic_partitions, [&](const auto& one) {
        return refusal(call, ResourceType::topic, one.topic_name) != ErrorCode::none;
    });
}

}   // namespace

Task<ConsumerGroupDescribeResponse> handle(Call& call, const ConsumerGroupDescribeRequest& request) {
    const auto& groups = call.broker.groups(call.world);
    ConsumerGroupDescribeResponse response;
    for (const auto id : request.group_ids) {
        auto& told = response.groups.emplace_back();
        if (!may_be_told(call, id, told)) continue;
        const auto* group = groups.find(id);
        if (!group || !group->consumer) {
            tell_missing(call, id, "consumer", told);
            continue;
        }
        if (request.include_authorized_operations) told.authorized_operations = operations_on(call, ResourceType::group, id);
        const auto& consumer = *group->consumer;
        told.group_state = group->state_name();
        told.group_epoch = consumer.epoch();
        told.assignment_epoch = consumer.assignment_epoch();
        told.assignor_name = consumer.assignor(groups.consumer_rules(id));
        for (const auto& [name, member] : consumer.members()) told.members.push_back(described(call, member));
        if (call.broker.guards() && std::ranges::any_of(told.members, [&](const auto& member) {
                return hides_a_topic(call, member.assignment) || hides_a_topic(call, member.target_assignment);
            }))
            hide(id, told);
    }
    co_return response;
}

template Task<void> serve<ConsumerGroupDescribeRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
