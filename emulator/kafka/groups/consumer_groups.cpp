// Consumer groups (KIP-848): carries out what their memberships decide. A member's heartbeat that has nothing to tell and would
// be told nothing is held until there is news, so that a rebalance does not wait for the next one.
#include <ranges>

#include "emulator/kafka/groups/groups.h"
#include "storage/planted.h"

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

std::string consumer_key(std::string_view group, std::string_view member) {
    std::string key{consumer_prefix};
    for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(group.size() >> shift));
    return key.append(group).append(member);
}

std::optional<std::pair<std::string_view, std::string_view>> parse_consumer_key(std::string_view key) {
    if (key.size() < 4) return std::nullopt;
    const auto size = static_cast<std::size_t>(Reader{as_bytes(key)}.integer<std::int32_t>());
    key.remove_prefix(4);
    if (key.size() < size) return std::nullopt;
    return std::pair{key.substr(0, size), key.substr(size)};
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

ConsumerMembership::Around Groups::around(std::string_view, const ConsumerRules& rules) const {
    return {.now = world_.clock->live(), .rules = rules, .topics = topics_};
}

// ---- requests ----

// Who joins makes an empty group, or takes over an empty one of another protocol.
GroupPointer Groups::consumer_group(const ConsumerGroupHeartbeatRequest& request, std::optional<GroupFault>& fault) {
    auto group = get(request.group_id);
    if (group && group->consumer) return group;
    const std::string id(request.group_id);
    if (is_share_group(id)) {
        fault = {ErrorCode::group_id_not_found, none_of_kind(id, "consumer")};
        return nullptr;
    }
    if (group && !group->empty() && request.member_epoch == 0 && may_upgrade(*group)) {
        if (!consumers_can_be_read(group->members.to_store())) {
            fault = {
                ErrorCode::group_id_not_found,
                "Cannot upgrade classic group " + id + " to consumer group because the embedded consumer protocol is malformed."};
            return nullptr;
        }
        upgrade(group);
        return group;
    }
    if (request.member_epoch != 0 || (group && !group->empty())) {
        const bool asks = !group && request.member_epoch > 0;
        fault = {ErrorCode::group_id_not_found, asks ? "Consumer group " + id + " not found." : none_of_kind(id, "consumer")};
        return nullptr;
    }
    group = make(id);
    make_classic(*group);
    group->members = Membership{rules_};
    group->consumer = std::make_unique<ConsumerMembership>(id);
    return group;
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

Groups::Beat Groups::consumer_heartbeat(const ConsumerBeat& beat, int version) {
    const auto& request = beat.request;
    const auto rules = consumer_rules(request.group_id);
    auto fault = fault_of(request, version, rules);
    const auto group = fault ? nullptr : consumer_group(request, fault);
    if (fault) return {.response = refused_heartbeat(std::move(*fault))};
    auto& consumer = *group->consumer;
    const auto here = around(group->id, rules);
    const bool stays = request.member_epoch > 0;
    auto id = std::string(request.member_id);
    if (id.empty()) id = Random::uuid_text(engine_.random().uuid());
    Beat told;
    told.response = request.member_epoch < 0 ? consumer.leave(here, request) : consumer.heartbeat(here, beat, id);
    told.ticket = carry_out_consumers(group);
    const auto& answer = told.response;
    if (answer.error_code != ErrorCode::none || !stays || answer.assignment || answer.member_epoch != request.member_epoch)
        return told;
    // It will say when it has given back what it is to lose.
    if (consumer.members().find(id)->second.place == ConsumerMember::Place::unrevoked) return told;
    auto& held = group->held[id];
    if (held) held->fire();   // a request overtaken by its successor
    told.news = held = std::make_shared<Signal>();
    told.hold = rules.heartbeat;
    return told;
}

Groups::Beat Groups::consumer_news(std::string_view id, std::string_view member) {
    const auto group = get(id);
    const std::string name(member);
    // The world was emptied meanwhile: a member that is told so joins anew.
    if (!group || !group->consumer)
        return {.response = refused_heartbeat(
                    {ErrorCode::unknown_member_id, "Member " + name + " is not a member of group " + std::string(id) + "."})};
    group->held.erase(name);
    const auto rules = consumer_rules(id);
    auto response = group->consumer->tell(around(id, rules), name);
    return {.response = std::move(response), .ticket = carry_out_consumers(group)};
}

// ---- carrying out ----

streams::Ticket Groups::carry_out_consumers(const GroupPointer& group) {
    auto ticket = save_consumers(*group);
    if (may_downgrade(*group)) {
        downgrade(group);
        return ticket;
    }
    arm_consumers(group);
    for (const auto& [member, news] : group->held)
        if (group->consumer->has_news(member)) news->fire();
    return ticket;
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

void Groups::topics_changed(const GroupPointer& group) {
    if (group->streams) {
        const auto rules = streams_rules(group->id);
        group->streams->topics_changed(around(rules));
        carry_out_streams(group);
        return;
    }
    if (!group->consumer) {
        carry_out(group, group->members.reassign(clock().live()));
        return;
    }
    const auto rules = consumer_rules(group->id);
    group->consumer->topics_changed(around(group->id, rules));
    carry_out_consumers(group);
}

// Heartbeats only move a member's time on, and the timer looks again when it fires.
void Groups::arm_consumers(const GroupPointer& group) {
    const auto next = group->consumer->next_due();
    if (group->session_armed && next && *group->session_armed <= *next) return;
    group->session_armed = next;
    group->session.stop();
    if (!next) return;
    auto look = [this, weak = std::weak_ptr{group}] {
        const auto one = weak.lock();
        if (!one || !one->consumer) return;
        one->session_armed.reset();
        const auto rules = consumer_rules(one->id);
        one->consumer->overdue(around(one->id, rules));
        carry_out_consumers(one);
    };
    group->session = Timer{clock(), clock().at(timers::member_session, *next, std::move(look))};
}

// ---- the store ----

streams::Ticket Groups::save_consumers(Group& group) {
    auto& consumer = *group.consumer;
    const auto changes = consumer.take_changes();
    if (!changes.any()) return {};
    streams::Unit whole{engine_};   // a group's epoch and who has which part of it
    if (changes.group) {
        if (group.empty()) group.empty_since = clock().now();
        auto stored = consumer.to_store();
        stored.empty_since_ms = to_ms(group.empty_since);
        engine_.put(world_, consumers_key(group.id), pack(stored));
        index_topics(group);
        plan_expiry(group);
    }
    for (const auto& id : changes.members) {
        const auto member = consumer.members().find(id);
        const bool there = member != consumer.members().end();
        engine_.put(world_, consumer_key(group.id, id), there ? pack(consumer.to_store(member->second)) : std::string{});
    }
    return whole.ticket();
}

void Groups::load_consumers() {
    engine_.scan(world_, consumers_prefix, [&](std::string_view key, std::string_view value) {
        if (key.starts_with(consumers_prefix)) key.remove_prefix(consumers_prefix.size());
        const auto stored = unpack<StoredConsumerGroup>(value);
        if (!stored) return;
        const auto group = make(key);
        group->consumer = std::make_unique<ConsumerMembership>(group->id);
        group->consumer->restore(*stored);
        group->empty_since = from_ms(stored->empty_since_ms);
    });
    engine_.scan(world_, consumer_prefix, [&](std::string_view key, std::string_view value) {
        if (planted("consumer-member-forgotten-at-restart")) return;
        if (key.starts_with(consumer_prefix)) key.remove_prefix(consumer_prefix.size());
        const auto names = parse_consumer_key(key);
        const auto stored = names ? unpack<StoredConsumerMember>(value) : std::nullopt;
        const auto group = names ? get(names->first) : nullptr;
        if (!stored || !group || !group->consumer) return;
        const auto rules = consumer_rules(group->id);
        group->consumer->restore(*stored, around(group->id, rules));
    });
    for (const auto& [id, group] : groups_) {
        if (!group->consumer) continue;
        const auto rules = consumer_rules(id);
        group->consumer->restored(around(id, rules));
        index_topics(*group);
        carry_out_consumers(group);
    }
    load_streams();
}

// What could not be stored is not so: the group is again what the store holds. Whether the key was one of a consumer group's.
bool Groups::reload_consumers(std::string_view key) {
    std::string_view id;
    if (key.starts_with(consumers_prefix)) {
        id = key.substr(consumers_prefix.size());
    } else if (key.starts_with(consumer_prefix)) {
        const auto names = parse_consumer_key(key.substr(consumer_prefix.size()));
        if (!names) return true;
        id = names->first;
    } else {
        return false;
    }
    const auto value = engine_.get(world_, consumers_key(id));
    const auto stored = value ? unpack<StoredConsumerGroup>(*value) : std::nullopt;
    if (!stored) {
        if (const auto group = get(id); group && group->consumer) {   // it never came to be
            unindex_topics(*group);
            group->consumer.reset();
            group->session.stop();
            group->session_armed.reset();
            for (const auto& [member, news] : std::exchange(group->held, {})) news->fire();
            index_topics(*group);   // of the classic group that it still is, if it was to be another one
            arm(group);
            forget_if_blank(group);
        }
        return true;
    }
    const auto group = make(id);
    group->consumer = std::make_unique<ConsumerMembership>(group->id);
    group->consumer->restore(*stored);
    group->empty_since = from_ms(stored->empty_since_ms);
    const auto rules = consumer_rules(id);
    const auto here = around(id, rules);
    engine_.scan(world_, consumer_key(id, ""), [&](std::string_view, std::string_view one) {
        if (const auto member = unpack<StoredConsumerMember>(one)) group->consumer->restore(*member, here);
    });
    group->consumer->restored(here);
    group->consumer->take_changes();
    index_topics(*group);
    if (group->due == Time{}) due_at(*group, clock().now() + check_interval_);
    arm_consumers(group);
    for (const auto& [member, news] : group->held) news->fire();
    return true;
}

}   // namespace sluice::kafka
