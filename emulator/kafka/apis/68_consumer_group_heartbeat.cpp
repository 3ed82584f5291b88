// ConsumerGroupHeartbeat v0-1 (KIP-848): answered when what it changed is stored. A heartbeat that brings nothing and would be
// told nothing waits for news, at most for the heartbeat interval; then the member is asked to come again at once. It waits no
// longer when the client has something else to say on this connection.
#include "emulator/kafka/groups/held.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

Task<ConsumerGroupHeartbeatResponse> handle(Call& call, const ConsumerGroupHeartbeatRequest& request) {
    if (request.subscribed_topic_names)
        for (const auto name : *request.subscribed_topic_names)
            if (const auto denied = refusal(call, ResourceType::topic, name); denied != ErrorCode::none)
                co_return refused_heartbeat({denied, std::string(text_of(denied))});
    auto& groups = call.broker.groups(call.world);
    const ConsumerBeat said{request, call.client_id(), call.connection->peer_text(), call.principal().text()};
    auto answering = answer_beat(call, groups.heartbeat(said, call.version), request.group_id, request.member_id);
    auto response = co_await std::move(answering);
    response.heartbeat_interval_ms = std::min(response.heartbeat_interval_ms, between_held_ms);
    co_return std::move(response);
}

template Task<void> serve<ConsumerGroupHeartbeatRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
