// ShareGroupHeartbeat v1 (KIP-932): answered when what it changed is stored.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_groups.h"
#include "protocol/kafka/messages/share_group_heartbeat.h"

namespace sluice::kafka {

Task<ShareGroupHeartbeatResponse> handle(Call& call, const ShareGroupHeartbeatRequest& request) {
    if (request.subscribed_topic_names)
        for (const auto name : *request.subscribed_topic_names)
            if (const auto denied = refusal(call, ResourceType::topic, name); denied != ErrorCode::none)
                co_return refused_share(denied, std::string(text_of(denied)));
    if (auto fault = ShareMembership::fault_of(request)) co_return std::move(*fault);
    if (const auto& groups = call.broker.groups(call.world); groups.find(request.group_id))
        co_return refused_share(ErrorCode::group_id_not_found, groups.none_of_kind(request.group_id, "share"));
    auto answer = call.broker.share_groups(call.world).heartbeat({request, call.client_id(), call.connection->peer_text()});
    const auto stored = co_await answer.ticket.committed();
    if (!stored) co_return refused_share(ErrorCode::coordinator_not_available);
    co_return std::move(answer.response);
}

template Task<void> serve<ShareGroupHeartbeatRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
