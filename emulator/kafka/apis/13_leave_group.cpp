// LeaveGroup v0-5: members go at once, and the last one's leaving is stored before it is answered. From v3 on each has its
// own code and the whole has none.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/leave_group.h"

namespace sluice::kafka {

Task<LeaveGroupResponse> handle(Call& call, const LeaveGroupRequest& request) {
    auto& groups = call.broker.groups(call.world);
    LeaveGroupResponse response;
    if (request.group_id.empty()) {
        response.error_code = ErrorCode::invalid_group_id;
        co_return response;
    }
    if (call.version < 3) {
        const auto left = groups.leave(request.group_id, request.member_id, std::nullopt);
        const auto stored = co_await left.ticket.committed();
        response.error_code = stored ? left.code : ErrorCode::coordinator_not_available;
        co_return response;
    }
    std::vector<streams::Ticket> tickets;
    for (const auto& member : request.members) {
        auto& told = response.members.emplace_back();
        told.member_id = member.member_id;
        told.group_instance_id.reset();
        if (member.group_instance_id) told.group_instance_id = std::string(*member.group_instance_id);
        auto left = groups.leave(request.group_id, member.member_id, member.group_instance_id);
        told.error_code = left.code;
        tickets.push_back(std::move(left.ticket));
    }
    for (std::size_t i = 0; i < tickets.size(); ++i) {
        const auto stored = co_await tickets[i].committed();
        if (!stored) response.members[i].error_code = ErrorCode::coordinator_not_available;
    }
    co_return response;
}

template Task<void> serve<LeaveGroupRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
