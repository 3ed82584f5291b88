// Groups of Kafka Streams (KIP-1071): their settings, a member's heartbeat, and the internal topics that an application needs.
#include "emulator/kafka/configs/config_values.h"
#include "emulator/kafka/configs/log_settings.h"
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/logs/internal_topics.h"

#include <algorithm>

namespace sluice::kafka {

namespace {

void say_who_may_not_create(StreamsGroupHeartbeatResponse& response, const std::string& topics) {
    constexpr auto missing = static_cast<std::int8_t>(StreamsStatus::missing_internal_topics);
    if (response.error_code != ErrorCode::none || !response.status) return;
    const auto text = "Unauthorized to CREATE on topics " + topics + ".";
    const auto known = std::ranges::find(*response.status, missing, &StreamsGroupHeartbeatResponse::Status::status_code);
    if (known == response.status->end())
        response.status->push_back({.status_code = missing, .status_detail = text});
    else
        known->status_detail += "; " + text;
}

}   // namespace

StreamsRules Groups::streams_rules(std::string_view group) const {
    const auto number = [&](std::string_view name) { return configs_.group_number(&world_, group, name); };
    StreamsRules rules;
    rules.session = milliseconds{number("streams.session.timeout.ms")};
    rules.heartbeat = milliseconds{number("streams.heartbeat.interval.ms")};
    rules.assignment_interval = milliseconds{number("streams.assignment.interval.ms")};
    rules.initial_delay = milliseconds{number("streams.initial.rebalance.delay.ms")};
    rules.standbys = static_cast<std::int32_t>(number("streams.num.standby.replicas"));
    rules.largest = static_cast<std::size_t>(configs_.number(&world_, "group.streams.max.size"));
    return rules;
}

// Internal topics are ready before the first member is answered. What cannot be made is told as missing.
std::vector<streams::Ticket> Groups::make_internal_topics(const std::vector<StreamsTopology::InternalTopic>& missing) {
    std::vector<streams::Ticket> tickets;
    for (const auto& topic : missing) {
        auto wanted = new_topic(engine_, topic.name);
        wanted.shards = topic.partitions;
        for (const auto& [name, value] : topic.configs) {
            const auto* entry = find_config(topic_configs(), name);
            if (!entry || config_fault(*entry, value)) continue;
            wanted.configs[name] = config_form(*entry, value);
        }
        take_log_settings(configs_, world_, wanted);
        if (topic.partitions < 1 || internal_name(topic.name) || engine_.collision(world_, topic.name)) continue;
        if (auto made = engine_.create(world_, wanted)) tickets.push_back(std::move(made->ticket));
    }
    return tickets;
}

Groups::Beat<StreamsKind> Groups::heartbeat(const StreamsBeat& said, const MayCreate& may_create) {
    const auto& request = said.request;
    auto fault = fault_of(request);
    const auto group = fault ? nullptr : modern_group<StreamsKind>(request.group_id, request.member_epoch, fault);
    if (fault) return {.response = refused_streams(std::move(*fault))};
    Beat<StreamsKind> beat;
    std::string denied;   // all of the topics are made, or none is
    if (request.topology) {
        const auto missing = needs_of(topology_of(*request.topology), topics_).missing;
        for (const auto& topic : missing)
            if (!may_create(topic.name)) denied += (denied.empty() ? "" : ", ") + topic.name;
        if (denied.empty()) beat.topics = make_internal_topics(missing);
    }
    const auto rules = streams_rules(group->id);
    auto& streams = *group->streams;
    beat.response = request.member_epoch < 0 ? streams.leave(around(rules), request) : streams.heartbeat(around(rules), said);
    if (!denied.empty()) say_who_may_not_create(beat.response, denied);
    beat.ticket = carry_out_members<StreamsKind>(group);
    const auto& answer = beat.response;
    if (answer.error_code == ErrorCode::none && request.member_epoch > 0 && !answer.active_tasks &&
        !answer.partitions_by_user_endpoint && answer.status->empty() && answer.member_epoch == request.member_epoch)
        hold(group, std::string(request.member_id), beat, rules.heartbeat);
    return beat;
}

}   // namespace sluice::kafka
