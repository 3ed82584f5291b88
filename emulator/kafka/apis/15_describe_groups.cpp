// DescribeGroups v0-6: state and members of classic groups. The protocol and what members said are told only in Stable; an
// unknown group, and one of another protocol, is Dead, with GROUP_ID_NOT_FOUND from v6 on.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_groups.h"

namespace sluice::kafka {

Task<DescribeGroupsResponse> handle(Call& call, const DescribeGroupsRequest& request) {
    const auto& groups = call.broker.groups(call.world);
    DescribeGroupsResponse response;
    for (const auto id : request.groups) {
        auto& told = response.groups.emplace_back();
        told.group_id = id;
        told.error_code = refusal(call, ResourceType::group, id);
        if (told.error_code != ErrorCode::none) continue;
        const auto* group = groups.find(id);
        if (!group || group->type() != GroupType::classic) {
            told.group_state = "Dead";
            if (call.version >= 6) {
                told.error_code = ErrorCode::group_id_not_found;
                told.error_message = groups.none_of_kind(id, "classic");
            }
        }
        if (request.include_authorized_operations && told.error_code == ErrorCode::none)
            told.authorized_operations = operations_on(call, ResourceType::group, id);
        if (told.group_state == "Dead") continue;
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
            m.member_assignment = member.assignment;   // of the last generation, while there is no other
            if (!stable) continue;
            if (const auto* metadata = metadata_for(member, members.protocol())) m.member_metadata = *metadata;
        }
    }
    co_return response;
}

template Task<void> serve<DescribeGroupsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
