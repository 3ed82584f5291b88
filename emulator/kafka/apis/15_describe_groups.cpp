// DescribeGroups v0-6: state and members. The protocol and what members said are told only in Stable; an unknown group is
// Dead, with GROUP_ID_NOT_FOUND from v6 on.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_groups.h"

namespace sluice::kafka {

Task<DescribeGroupsResponse> handle(Call& call, const DescribeGroupsRequest& request) {
    constexpr std::int32_t group_operations = 3400;   // seen: Kafka 4.4.0 without authorizer
    const auto& groups = call.broker.groups(call.world);
    DescribeGroupsResponse response;
    for (const auto id : request.groups) {
        auto& told = response.groups.emplace_back();
        told.group_id = id;
        if (request.include_authorized_operations) told.authorized_operations = group_operations;
        const auto* group = groups.find(id);
        if (!group) {
            told.group_state = "Dead";
            if (call.version >= 6) {
                told.error_code = ErrorCode::group_id_not_found;
                told.error_message = "Group " + std::string(id) + " not found.";
            }
            continue;
        }
        const auto& members = group->members;
        const bool stable = members.state() == GroupState::stable;
        told.group_state = name_of(members.state());
        told.protocol_type = members.protocol_type();
        if (stable) told.protocol_data = members.protocol();
        for (const auto& [name, member] : members.members()) {
            auto& m = told.members.emplace_back();
            m.member_id = name;
            m.group_instance_id = member.instance;
            m.client_id = member.client_id;
            m.client_host = member.client_host;
            if (!stable) continue;
            m.member_assignment = member.assignment;
            if (const auto* metadata = metadata_for(member, members.protocol())) m.member_metadata = *metadata;
        }
    }
    co_return response;
}

template Task<void> serve<DescribeGroupsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
