// LeaveGroup v0-5: members go at once. From v3 on each has its own code and the whole has none.
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

Task<LeaveGroupResponse> handle(Call& call, const LeaveGroupRequest& request) {
    auto& groups = call.broker.groups(call.world);
    LeaveGroupResponse response;
    if (call.version < 3) {
        response.error_code = groups.leave(request.group_id, request.member_id, std::nullopt);
        co_return response;
    }
    for (const auto& member : request.members) {
        auto& told = response.members.emplace_back();
        told.member_id = member.member_id;
        told.group_instance_id.reset();
        if (member.group_instance_id) told.group_instance_id = std::string(*member.group_instance_id);
        told.error_code = groups.leave(request.group_id, member.member_id, member.group_instance_id);
    }
    co_return response;
}

template Task<void> serve<LeaveGroupRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
