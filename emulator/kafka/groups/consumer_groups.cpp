// Consumer groups (KIP-848): their settings, and a member's heartbeat. And what groups of every type have in common: type, state,
// the topics that they see.
#include <ranges>

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"

namespace sluice::kafka {

std::string_view name_of(GroupType type) {
    switch (type) {
        case GroupType::consumer:
            return "consumer";
        case GroupType::streams:
            return "streams";
        case GroupType::classic:
            break;
    }
    return "classic";
}

GroupType Group::type() const { return consumer ? GroupType::consumer : streams ? GroupType::streams : GroupType::classic; }
bool Group::empty() const {
    if (consumer) return consumer->members().empty();
    return streams ? streams->members().empty() : members.state() == GroupState::empty;
}
bool Group::stable() const {
    if (consumer) return consumer->state() == ConsumerGroupState::stable;
    return streams ? streams->state() == StreamsGroupState::stable : members.state() == GroupState::stable;
}
bool Group::blank() const { return type() == GroupType::classic && members.blank(); }
std::string_view Group::state_name() const {
    if (consumer) return name_of(consumer->state());
    return streams ? name_of(streams->state()) : name_of(members.state());
}
std::string_view Group::protocol_type() const {
    if (consumer) return "consumer";
    return streams ? std::string_view{"streams"} : members.protocol_type();
}

// ---- topics ----

std::optional<TopicSize> Groups::Topics::find(std::string_view name) const {
    const auto stream = groups.engine_.find(groups.world_, name);
    if (!stream || stream.get() == going || stream->deleted || stream->status == streams::StreamStatus::deleting)
        return std::nullopt;
    return TopicSize{stream->topic_id, static_cast<std::int32_t>(stream->shards.size())};
}

void Groups::Topics::each_name(const std::function<void(std::string_view)>& visit) const {
    for (const auto& stream : groups.engine_.list(groups.world_))
        if (find(stream->name)) visit(stream->name);
}

bool Groups::Topics::may_see(std::string_view name, std::string_view principal, std::string_view host) const {
    const auto address = host.substr(std::min<std::size_t>(1, host.size()));   // groups show it behind a slash
    return groups.access_.may(parse_principal(principal).value_or(Principal{}), address, AclOperation::describe,
                              ResourceType::topic, name);
}

// ---- settings ----

namespace {

// "uniform,range", or the names of Kafka's classes.
std::vector<std::string> assignors_of(std::string_view list) {
    std::vector<std::string> assignors;
    for (const auto part : std::views::split(list, ',')) {
        const std::string_view name{part.begin(), part.end()};
        if (name.ends_with("uniform") || name.ends_with("UniformAssignor")) assignors.emplace_back("uniform");
        if (name.ends_with("range") || name.ends_with("RangeAssignor")) assignors.emplace_back("range");
    }
    return assignors;
}

}   // namespace

ConsumerRules Groups::consumer_rules(std::string_view group) const {
    const auto span = [&](std::string_view name) { return milliseconds{configs_.group_number(&world_, group, name)}; };
    ConsumerRules rules;
    rules.session = span("consumer.session.timeout.ms");
    rules.heartbeat = span("consumer.heartbeat.interval.ms");
    rules.assignment_interval = span("consumer.assignment.interval.ms");
    rules.largest = static_cast<std::size_t>(configs_.number(&world_, "group.consumer.max.size"));
    rules.assignors =
        assignors_of(configs_.broker(&world_, *find_config(broker_configs(), "group.consumer.assignors")).value.value_or(""));
    return rules;
}

Groups::Beat<ConsumerKind> Groups::heartbeat(const ConsumerBeat& said, int version) {
    const auto& request = said.request;
    const auto rules = consumer_rules(request.group_id);
    if (auto fault = fault_of(request, version, rules)) return {.response = refused_heartbeat(std::move(*fault))};
    std::optional<GroupFault> fault;
    auto group = get(request.group_id);
    if (group && !group->consumer && !group->empty() && request.member_epoch == 0 && may_upgrade(*group)) {
        if (!consumers_can_be_read(group->members.to_store()))
            return {.response =
                        refused_heartbeat({ErrorCode::group_id_not_found,
                                           "Cannot upgrade classic group " + group->id +
                                               " to consumer group because the embedded consumer protocol is malformed."})};
        upgrade(group);
    }
    group = modern_group<ConsumerKind>(request.group_id, request.member_epoch, fault);
    if (fault) return {.response = refused_heartbeat(std::move(*fault))};
    auto& consumer = *group->consumer;
    const bool stays = request.member_epoch > 0;
    auto id = std::string(request.member_id);
    if (id.empty()) id = Random::uuid_text(engine_.random().uuid());
    Beat<ConsumerKind> beat;
    beat.response =
        request.member_epoch < 0 ? consumer.leave(around(rules), request) : consumer.heartbeat(around(rules), said, id);
    beat.ticket = carry_out_members<ConsumerKind>(group);
    const auto& answer = beat.response;
    if (answer.error_code == ErrorCode::none && stays && !answer.assignment && answer.member_epoch == request.member_epoch)
        hold(group, id, beat, rules.heartbeat);
    return beat;
}

// Of an empty group.
void Groups::erase_group(const Group& group) {
    if (group.consumer)
        engine_.put(world_, consumers_key(group.id), {});
    else if (group.streams)
        engine_.put(world_, streams_group_key(group.id), {});
    else if (!group.members.blank())
        engine_.put(world_, group_key(group.id), {});
}

// An empty group goes on as what the next member makes of it: what it was is no more, but for its offsets.
void Groups::make_classic(Group& group) {
    erase_group(group);
    unindex_topics(group);
    group.consumer.reset();
    group.streams.reset();
    group.session.stop();
    group.session_armed.reset();
}

}   // namespace sluice::kafka
