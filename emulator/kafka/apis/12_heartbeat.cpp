// Heartbeat v0-4: keeps a member, and tells it of a rebalance (27).
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/heartbeat.h"

namespace sluice::kafka {

Task<HeartbeatResponse> handle(Call& call, const HeartbeatRequest& request) {
    HeartbeatResponse response;
    response.error_code = call.broker.groups(call.world)
                              .heartbeat(request.group_id, request.member_id, request.group_instance_id, request.generation_id);
    co_return response;
}

template Task<void> serve<HeartbeatRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
