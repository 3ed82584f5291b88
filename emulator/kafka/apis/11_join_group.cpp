// JoinGroup v0-9: waits in the group until the generation is complete. When a client goes away meanwhile, nobody waits for its
// dynamic member, which has one session to come back with its id; Kafka would let the others wait.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/join_group.h"

namespace sluice::kafka {

Task<JoinGroupResponse> handle(Call& call, const JoinGroupRequest& request) {
    if (const auto denied = refusal(call, ResourceType::group, request.group_id); denied != ErrorCode::none)
        co_return refused_join(denied, request.member_id);
    const Join join{request, call.version, call.client_id(), call.connection->peer_text()};
    auto& groups = call.broker.groups(call.world);
    const auto reply = groups.join(join);
    if (!reply->value) {
        Waiter waiter{call.engine.executor()};
        waiter.watch(reply->given);
        waiter.watch(call.connection->gone, Woken::closed);
        co_await waiter.wait();
    }
    if (!reply->value) {
        groups.gone(request.group_id, reply->number);
        co_return JoinGroupResponse{};
    }
    auto response = std::move(*reply->value);
    if (response.error_code != ErrorCode::none) response.protocol_name.reset();   // seen: Kafka 4.4
    if (call.version < 7 && !response.protocol_name) response.protocol_name = "";
    co_return response;
}

template Task<void> serve<JoinGroupRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
