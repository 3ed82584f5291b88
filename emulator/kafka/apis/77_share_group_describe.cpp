// ShareGroupDescribe v1 (KIP-932): state, members and what each is assigned.
#include "emulator/kafka/groups/describing.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_groups.h"
#include "protocol/kafka/messages/share_group_describe.h"

namespace sluice::kafka {

namespace {

using Described = ShareGroupDescribeResponse::Group;

void describe_member(Call& call, const ShareMember& member, Described& told) {
    auto& one = told.members.emplace_back();
    one.member_id = member.id;
    one.rack_id = member.rack;
    one.member_epoch = member.epoch;
    one.client_id = member.client_id;
    one.client_host = member.client_host;
    one.subscribed_topic_names = {member.topics.begin(), member.topics.end()};
    for (const auto& [topic, partitions] : member.assignment) {
        const auto stream = call.engine.find_topic(call.world, topic);
        if (!stream) continue;
        auto& assigned = one.assignment.topic_partitions.emplace_back();
        assigned.topic_id = to_wire_id(topic);
        assigned.topic_name = stream->name;
        assigned.partitions = partitions;
    }
}

bool hides_a_topic(const Call& call, const Described& group) {
    for (const auto& member : group.members)
        for (const auto& assigned : member.assignment.topic_partitions)
            if (refusal(call, ResourceType::topic, assigned.topic_name) != ErrorCode::none) return true;
    return false;
}

}   // namespace

Task<ShareGroupDescribeResponse> handle(Call& call, const ShareGroupDescribeRequest& request) {
    auto& groups = call.broker.share_groups(call.world);
    ShareGroupDescribeResponse response;
    for (const auto id : request.group_ids) {
        auto& told = response.groups.emplace_back();
        if (!may_be_told(call, id, told)) continue;
        const auto* group = groups.find(id);
        if (!group) {
            tell_missing(call, id, "share", told);
            continue;
        }
        if (request.include_authorized_operations) told.authorized_operations = operations_on(call, ResourceType::group, id);
        told.group_state = group->state();
        told.group_epoch = told.assignment_epoch = group->members.epoch();
        told.assignor_name = "simple";
        for (const auto& [name, member] : group->members.members()) describe_member(call, member, told);
        if (call.broker.guards() && hides_a_topic(call, told)) hide(id, told);
    }
    co_return response;
}

template Task<void> serve<ShareGroupDescribeRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
