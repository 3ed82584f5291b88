// Groups of Kafka Streams (KIP-1071): carries out what their memberships decide, as consumer_groups.cpp does for consumers, and
// makes the internal topics that an application needs.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/topics.h"

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

std::string streamer_key(std::string_view group, std::string_view member) {
    auto key = consumer_key(group, member);
    return std::string(streamer_prefix).append(key, consumer_prefix.size());
}

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

StreamsMembership::Around Groups::around(const StreamsRules& rules) const {
    return {.now = world_.clock->live(), .rules = rules, .topics = topics_};
}

// Who joins makes an empty group, or takes over an empty one of another protocol.
GroupPointer Groups::streams_group(const StreamsGroupHeartbeatRequest& request, std::optional<GroupFault>& fault) {
    auto group = get(request.group_id);
    if (group && group->streams) return group;
    const std::string id(request.group_id);
    if (request.member_epoch != 0 || (group && !group->empty()) || is_share_group(id)) {
        const bool asks = !group && !is_share_group(id) && request.member_epoch > 0;
        fault = {ErrorCode::group_id_not_found, asks ? "Streams group " + id + " not found." : none_of_kind(id, "streams")};
        return nullptr;
    }
    group = make(id);
    make_classic(*group);
    group->members = Membership{rules_};
    group->streams = std::make_unique<StreamsMembership>(id);
    return group;
}

// Internal topics are ready before the first member is answered. What cannot be made is told as missing.
std::vector<streams::Ticket> Groups::make_internal_topics(const std::vector<StreamsTopology::InternalTopic>& missing) {
    std::vector<streams::Ticket> tickets;
    for (const auto& topic : missing) {
        streams::Engine::NewStream wanted;
        wanted.name = topic.name;
        wanted.shards = topic.partitions;
        wanted.manners = streams::Manners::kafka;
        wanted.profile = engine_.options().kafka_profile;
        wanted.retention = configs_.default_retention();
        wanted.retention_for_ever = !wanted.retention;
        wanted.retention_bytes = configs_.default_retention_bytes();
        wanted.state_delay = false;
        for (const auto& [name, value] : topic.configs) {
            const auto* entry = find_config(topic_configs(), name);
            if (!entry || config_fault(*entry, value)) continue;
            wanted.configs[name] = value;
            if (name == "retention.ms") {
                const auto ms = std::stoll(value);   // config_fault has read it as an int64
                wanted.retention_for_ever = ms < 0;
                wanted.retention.reset();
                if (ms >= 0) wanted.retention = milliseconds{ms};
            }
        }
        if (topic.partitions < 1 || internal_name(topic.name) || engine_.collision(world_, topic.name)) continue;
        if (auto made = engine_.create(world_, wanted)) tickets.push_back(std::move(made->ticket));
    }
    return tickets;
}

Groups::StreamsTold Groups::streams_heartbeat(const StreamsBeat& beat, const MayCreate& may_create) {
    const auto& request = beat.request;
    auto fault = fault_of(request);
    const auto group = fault ? nullptr : streams_group(request, fault);
    if (fault) return {.response = refused_streams(std::move(*fault))};
    StreamsTold told;
    std::string denied;   // all of the topics are made, or none is
    if (request.topology) {
        const auto missing = needs_of(topology_of(*request.topology), topics_).missing;
        for (const auto& topic : missing)
            if (!may_create(topic.name)) denied += (denied.empty() ? "" : ", ") + topic.name;
        if (denied.empty()) told.topics = make_internal_topics(missing);
    }
    const auto rules = streams_rules(group->id);
    auto& streams = *group->streams;
    told.response = request.member_epoch < 0 ? streams.leave(around(rules), request) : streams.heartbeat(around(rules), beat);
    if (!denied.empty()) say_who_may_not_create(told.response, denied);
    told.ticket = carry_out_streams(group);
    const auto& answer = told.response;
    if (answer.error_code != ErrorCode::none || request.member_epoch <= 0 || answer.active_tasks ||
        answer.partitions_by_user_endpoint || !answer.status->empty() || answer.member_epoch != request.member_epoch)
        return told;
    const std::string id(request.member_id);
    if (streams.members().find(id)->second.place == StreamsMember::Place::unrevoked) return told;
    auto& held = group->held[id];
    if (held) held->fire();   // a request overtaken by its successor
    told.news = held = std::make_shared<Signal>();
    told.hold = rules.heartbeat;
    return told;
}

Groups::StreamsTold Groups::streams_news(std::string_view id, std::string_view member) {
    const auto group = get(id);
    const std::string name(member);
    if (!group || !group->streams)
        return {.response = refused_streams(
                    {ErrorCode::unknown_member_id, "Member " + name + " is not a member of group " + std::string(id) + "."})};
    group->held.erase(name);
    const auto rules = streams_rules(id);
    auto response = group->streams->tell(around(rules), name);
    return {.response = std::move(response), .ticket = carry_out_streams(group)};
}

// ---- carrying out ----

streams::Ticket Groups::carry_out_streams(const GroupPointer& group) {
    auto ticket = save_streams(*group);
    arm_streams(group);
    for (const auto& [member, news] : group->held)
        if (group->streams->has_news(member)) news->fire();
    return ticket;
}

void Groups::arm_streams(const GroupPointer& group) {
    const auto next = group->streams->next_due();
    if (group->session_armed && next && *group->session_armed <= *next) return;
    group->session_armed = next;
    group->session.stop();
    if (!next) return;
    auto look = [this, weak = std::weak_ptr{group}] {
        const auto one = weak.lock();
        if (!one || !one->streams) return;
        one->session_armed.reset();
        const auto rules = streams_rules(one->id);
        one->streams->overdue(around(rules));
        carry_out_streams(one);
    };
    group->session = Timer{clock(), clock().at(timers::member_session, *next, std::move(look))};
}

// ---- the store ----

streams::Ticket Groups::save_streams(Group& group) {
    auto& streams = *group.streams;
    const auto changes = streams.take_changes();
    if (!changes.any()) return {};
    streams::Unit whole{engine_};
    if (changes.group) {
        if (group.empty()) group.empty_since = clock().now();
        auto stored = streams.to_store();
        stored.empty_since_ms = to_ms(group.empty_since);
        engine_.put(world_, streams_group_key(group.id), pack(stored));
        index_topics(group);
        plan_expiry(group);
    }
    for (const auto& id : changes.members) {
        const auto member = streams.members().find(id);
        const bool there = member != streams.members().end();
        engine_.put(world_, streamer_key(group.id, id), there ? pack(streams.to_store(member->second)) : std::string{});
    }
    return whole.ticket();
}

void Groups::restore_streams(const GroupPointer& group, const StoredStreamsGroup& stored) {
    group->streams = std::make_unique<StreamsMembership>(group->id);
    group->streams->restore(stored);
    group->empty_since = from_ms(stored.empty_since_ms);
}

void Groups::load_streams() {
    engine_.scan(world_, streams_prefix, [&](std::string_view key, std::string_view value) {
        if (key.starts_with(streams_prefix)) key.remove_prefix(streams_prefix.size());
        if (const auto stored = unpack<StoredStreamsGroup>(value)) restore_streams(make(key), *stored);
    });
    engine_.scan(world_, streamer_prefix, [&](std::string_view key, std::string_view value) {
        if (key.starts_with(streamer_prefix)) key.remove_prefix(streamer_prefix.size());
        const auto names = parse_consumer_key(key);
        const auto stored = names ? unpack<StoredStreamsMember>(value) : std::nullopt;
        const auto group = names ? get(names->first) : nullptr;
        if (!stored || !group || !group->streams) return;
        const auto rules = streams_rules(group->id);
        group->streams->restore(*stored, around(rules));
    });
    for (const auto& [id, group] : groups_) {
        if (!group->streams) continue;
        const auto rules = streams_rules(id);
        group->streams->restored(around(rules));
        index_topics(*group);
        carry_out_streams(group);
    }
}

// What could not be stored is not so: the group is again what the store holds. Whether the key was one of a Streams group's.
bool Groups::reload_streams(std::string_view key) {
    std::string_view id;
    if (key.starts_with(streams_prefix)) {
        id = key.substr(streams_prefix.size());
    } else if (key.starts_with(streamer_prefix)) {
        const auto names = parse_consumer_key(key.substr(streamer_prefix.size()));
        if (!names) return true;
        id = names->first;
    } else {
        return false;
    }
    const auto value = engine_.get(world_, streams_group_key(id));
    const auto stored = value ? unpack<StoredStreamsGroup>(*value) : std::nullopt;
    const auto group = stored ? make(id) : get(id);
    if (!group || (!stored && !group->streams)) return true;
    group->streams.reset();
    unindex_topics(*group);
    if (stored) {
        restore_streams(group, *stored);
        const auto rules = streams_rules(id);
        engine_.scan(world_, streamer_key(id, ""), [&](std::string_view, std::string_view one) {
            if (const auto member = unpack<StoredStreamsMember>(one)) group->streams->restore(*member, around(rules));
        });
        group->streams->restored(around(rules));
        group->streams->take_changes();
        index_topics(*group);
        if (group->due == Time{}) due_at(*group, clock().now() + check_interval_);
        arm_streams(group);
    } else {
        group->session.stop();
        group->session_armed.reset();
    }
    for (const auto& [member, news] : std::map{group->held}) news->fire();
    if (!stored) forget_if_blank(group);
    return true;
}

}   // namespace sluice::kafka
