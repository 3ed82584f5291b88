// StreamsGroupHeartbeat v0-1 (KIP-1071): answered when what it changed is stored, internal topics among it. Like a consumer's
// heartbeat it waits for news when there is nothing to tell.
#include <set>

#include "emulator/kafka/groups/held.h"
#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

namespace {

// Each topic that the application reads or writes.
template <class Look>
void each_topic(const StreamsGroupHeartbeatRequest& request, const Look& look) {
    if (!request.topology) return;
    for (const auto& sub : request.topology->subtopologies) {
        for (const auto name : sub.source_topics) look(name);
        for (const auto name : sub.repartition_sink_topics) look(name);
        for (const auto& topic : sub.repartition_source_topics) look(topic.name);
        for (const auto& topic : sub.state_changelog_topics) look(topic.name);
    }
}

ErrorCode topology_denied(const Call& call, const StreamsGroupHeartbeatRequest& request) {
    auto denied = ErrorCode::none;
    if (!call.broker.guards()) return denied;
    each_topic(request, [&](std::string_view name) {
        if (denied == ErrorCode::none) denied = refusal(call, ResourceType::topic, name);
    });
    return denied;
}

// The brokers' own topics among them; empty when there are none.
std::string internal_topics_of(const StreamsGroupHeartbeatRequest& request) {
    std::set<std::string_view> names;
    each_topic(request, [&](std::string_view name) {
        if (internal_name(name)) names.insert(name);
    });
    std::string told;
    for (const auto name : names) told.append(told.empty() ? "" : ", ").append(name);
    return told;
}

}   // namespace

Task<StreamsGroupHeartbeatResponse> handle(Call& call, const StreamsGroupHeartbeatRequest& request) {
    if (const auto names = internal_topics_of(request); !names.empty())
        co_return refused_streams({ErrorCode::streams_invalid_topology,
                                   "Use of Kafka internal topics " + names + " in a Kafka Streams topology is prohibited."});
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
