// StreamsGroupDescribe v0-1 (KIP-1071): epochs, topology, members and tasks. No description of a topology is kept (see key 93).
#include <algorithm>

#include "emulator/kafka/groups/describing.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/streams_group_describe.h"

namespace sluice::kafka {

namespace {

using Told = StreamsGroupDescribeResponse;

Told::Assignment described(const StreamsTasks& tasks) {
    Told::Assignment told;
    for (const auto& [subtopology, partitions] : tasks.active)
        told.active_tasks.push_back({.subtopology_id = subtopology, .partitions = partitions});
    for (const auto& [subtopology, partitions] : tasks.standby)
        told.standby_tasks.push_back({.subtopology_id = subtopology, .partitions = partitions});
    return told;
}

Told::Topology described(const StreamsTopology& topology, const StreamsNeeds& needs) {
    Told::Topology told;
    told.epoch = topology.epoch;
    auto& all = told.subtopologies.emplace();
    const auto internal = [&](const std::vector<StreamsTopology::InternalTopic>& topics) {
        std::vector<Told::TopicInfo> out;
        for (const auto& topic : topics) {
            auto& one = out.emplace_back();
            one.name = topic.name;
            one.partitions = topic.partitions;
            for (const auto& known : needs.internal)
                if (known.name == topic.name) one.partitions = known.partitions;
            for (const auto& config : topic.configs) one.topic_configs.push_back({.key = config.key, .value = config.value});
        }
        return out;
    };
    for (const auto& sub : topology.subtopologies) {
        auto& one = all.emplace_back();
        one.subtopology_id = sub.id;
        one.source_topics = sub.sources;
        one.repartition_sink_topics = sub.sinks;
        one.state_changelog_topics = internal(sub.changelogs);
        one.repartition_source_topics = internal(sub.repartition_sources);
    }
    return told;
}

Told::Member described(const StreamsMember& member) {
    Told::Member told;
    told.member_id = member.id;
    told.member_epoch = member.epoch;
    told.instance_id = member.instance;
    told.rack_id = member.rack;
    told.client_id = member.client_id;
    told.client_host = member.client_host;
    told.topology_epoch = member.topology_epoch;
    told.process_id = member.process_id;
    if (member.port != 0) told.user_endpoint = Told::Endpoint{.host = member.host, .port = member.port};
    for (const auto& [key, value] : member.tags) told.client_tags.push_back({.key = key, .value = value});
    told.assignment = described(member.assigned);
    told.target_assignment = described(member.target);
    return told;
}

bool hides_a_topic(const Call& call, const StreamsTopology& topology) {
    const auto hidden = [&](const std::string& name) { return refusal(call, ResourceType::topic, name) != ErrorCode::none; };
    const auto hidden_internal = [&](const StreamsTopology::InternalTopic& topic) { return hidden(topic.name); };
    return std::ranges::any_of(topology.subtopologies, [&](const auto& sub) {
        return std::ranges::any_of(sub.sources, hidden) || std::ranges::any_of(sub.sinks, hidden) ||
               std::ranges::any_of(sub.changelogs, hidden_internal) ||
               std::ranges::any_of(sub.repartition_sources, hidden_internal);
    });
}

}   // namespace

Task<StreamsGroupDescribeResponse> handle(Call& call, const StreamsGroupDescribeRequest& request) {
    const auto& groups = call.broker.groups(call.world);
    StreamsGroupDescribeResponse response;
    for (const auto id : request.group_ids) {
        auto& told = response.groups.emplace_back();
        if (!may_be_told(call, id, told)) continue;
        const auto* group = groups.find(id);
        if (!group || !group->streams) {
            tell_missing(call, id, "streams", told);
            continue;
        }
        const auto& streams = *group->streams;
        if (call.broker.guards() && streams.topology() && hides_a_topic(call, *streams.topology())) {
            told.error_code = ErrorCode::topic_authorization_failed;
            told.error_message = "The described group uses topics that the client is not authorized to describe.";
            continue;
        }
        if (request.include_authorized_operations) told.authorized_operations = operations_on(call, ResourceType::group, id);
        told.group_state = group->state_name();
        told.group_epoch = streams.epoch();
        told.assignment_epoch = streams.assignment_epoch();
        told.assignor_name = "sticky";
        if (streams.topology()) told.topology = described(*streams.topology(), streams.needs());
        for (const auto& [name, member] : streams.members()) told.members.push_back(described(member));
    }
    co_return response;
}

template Task<void> serve<StreamsGroupDescribeRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
