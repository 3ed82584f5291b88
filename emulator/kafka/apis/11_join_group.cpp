// JoinGroup v0-9: waits in the group until the generation is complete. A client that goes away meanwhile takes its dynamic
// member along at once; Kafka would wait for the session timeout.
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

Task<JoinGroupResponse> handle(Call& call, const JoinGroupRequest& request) {
    const Join join{request, call.version, call.client_id(), call.session->peer_text()};
    const auto reply = call.broker.groups(call.world).join(join);
    if (!reply->value) {
        Waiter waiter{call.engine.executor()};
        waiter.watch(reply->given);
        waiter.watch(call.session->gone, Woken::closed);
        co_await waiter.wait();
    }
    if (!reply->value) {
        call.broker.groups(call.world).abandon(request.group_id, reply);
        co_return JoinGroupResponse{};
    }
    auto response = std::move(*reply->value);
    if (call.version < 7 && !response.protocol_name) response.protocol_name = "";
    co_return response;
}

template Task<void> serve<JoinGroupRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
