// StreamsGroupHeartbeat v0-1 (KIP-1071): answered when what it changed is stored, internal topics among it. Like a consumer's
// heartbeat it waits for news when there is nothing to tell.
#include "emulator/kafka/groups/held.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

namespace {

// Of a topic that the application reads or writes.
ErrorCode topology_denied(const Call& call, const StreamsGroupHeartbeatRequest& request) {
    auto denied = ErrorCode::none;
    const auto look = [&](std::string_view name) {
        if (denied == ErrorCode::none) denied = refusal(call, ResourceType::topic, name);
    };
    if (!call.broker.guards() || !request.topology) return denied;
    for (const auto& sub : request.topology->subtopologies) {
        for (const auto name : sub.source_topics) look(name);
        for (const auto name : sub.repartition_sink_topics) look(name);
        for (const auto& topic : sub.repartition_source_topics) look(topic.name);
        for (const auto& topic : sub.state_changelog_topics) look(topic.name);
    }
    return denied;
}

}   // namespace

Task<StreamsGroupHeartbeatResponse> handle(Call& call, const StreamsGroupHeartbeatRequest& request) {
    if (const auto denied = topology_denied(call, request); denied != ErrorCode::none)
        co_return refused_streams({denied, std::string(text_of(denied))});
    auto& groups = call.broker.groups(call.world);
    const StreamsBeat said{request, call.client_id(), call.connection->peer_text()};
    auto beat = groups.heartbeat(said, [&](std::string_view topic) {
        return refusal(call, ResourceType::cluster) == ErrorCode::none ||
               may(call, AclOperation::create, ResourceType::topic, topic);
    });
    auto answering = answer_beat(call, std::move(beat), request.group_id, request.member_id);
    auto response = co_await std::move(answering);
    if (response.status && response.status->empty())   // else it is told again what stands in the way, when its interval is over
        response.heartbeat_interval_ms = std::min(response.heartbeat_interval_ms, between_held_ms);
    co_return std::move(response);
}

template Task<void> serve<StreamsGroupHeartbeatRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
