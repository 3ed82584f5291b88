// Who comes into a consumer group, stays, leaves and is missed. What each is given is in consumer_reconciling.cpp.
#include "emulator/kafka/groups/consumer_membership.h"

#include <algorithm>

#include "emulator/kafka/groups/owned.h"

namespace sluice::kafka {

std::string_view name_of(ConsumerGroupState state) {
    switch (state) {
        case ConsumerGroupState::assigning:
            return "Assigning";
        case ConsumerGroupState::reconciling:
            return "Reconciling";
        case ConsumerGroupState::stable:
            return "Stable";
        case ConsumerGroupState::empty:
            break;
    }
    return "Empty";
}

ConsumerGroupHeartbeatResponse refused_heartbeat(GroupFault fault) {
    ConsumerGroupHeartbeatResponse answer;
    answer.error_code = fault.code;
    answer.error_message = std::move(fault.text);
    return answer;
}

namespace {

GroupFault invalid_beat(std::string_view text) { return {ErrorCode::invalid_request, std::string(text)}; }

std::optional<GroupFault> join_fault(const ConsumerGroupHeartbeatRequest& request) {
    if (request.rebalance_timeout_ms == -1) return invalid_beat("RebalanceTimeoutMs must be provided in first request.");
    if (!request.topic_partitions || !request.topic_partitions->empty())
        return invalid_beat("TopicPartitions must be empty when (re-)joining.");
    if (!request.subscribed_topic_names && !request.subscribed_topic_regex)
        return invalid_beat("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.");
    return std::nullopt;
}

std::optional<GroupFault> epoch_fault(const ConsumerGroupHeartbeatRequest& request, const ConsumerMember& member,
                                      const std::optional<Assignment>& owned) {
    const auto told = request.member_epoch;
    if (told == 0 || told == member.epoch) return std::nullopt;   // a member may join again at any time (KAFKA-19233)
    // It may have missed the answer to its last heartbeat.
    if (told < member.epoch && told == member.previous_epoch && owned && assignments::within(*owned, member.assigned))
        return std::nullopt;
    return GroupFault{ErrorCode::fenced_member_epoch,
                      std::string("The consumer group member has a ") + (told > member.epoch ? "greater" : "smaller") +
                          " member epoch (" + std::to_string(told) + ") than the one known by the group coordinator (" +
                          std::to_string(member.epoch) + "). The member must abandon all its partitions and rejoin."};
}

std::optional<Assignment> owned_by(const ConsumerGroupHeartbeatRequest& request) {
    if (!request.topic_partitions) return std::nullopt;
    OwnedList<streams::Uuid> owned;
    for (const auto& topic : *request.topic_partitions) {
        streams::Uuid id;
        std::memcpy(id.data(), topic.topic_id.bytes.data(), id.size());
        owned.add(id, topic.partitions);
    }
    return owned.take();
}

bool says_all(const ConsumerGroupHeartbeatRequest& request) {
    return request.rebalance_timeout_ms != -1 && (request.subscribed_topic_names || request.subscribed_topic_regex) &&
           request.topic_partitions;
}

}   // namespace

std::optional<GroupFault> fault_of(const ConsumerGroupHeartbeatRequest& request, int version, const ConsumerRules& rules) {
    const auto epoch = request.member_epoch;
    if (request.member_id.empty() && (version >= 1 || epoch != 0)) return invalid_beat("MemberId can't be empty.");
    if (request.group_id.empty()) return invalid_beat("GroupId can't be empty.");
    if (request.instance_id && request.instance_id->empty()) return invalid_beat("InstanceId can't be empty.");
    if (request.rack_id && request.rack_id->empty()) return invalid_beat("RackId can't be empty.");
    if (epoch < -2) return invalid_beat("MemberEpoch is invalid.");
    if (epoch == -2 && !request.instance_id) return invalid_beat("InstanceId can't be null.");
    if (epoch == 0) {
        if (auto fault = join_fault(request)) return fault;
    }
    if (request.server_assignor && std::ranges::find(rules.assignors, *request.server_assignor) == rules.assignors.end()) {
        std::string known;
        for (const auto& assignor : rules.assignors) known += (known.empty() ? "" : ", ") + assignor;
        return GroupFault{ErrorCode::unsupported_assignor, "ServerAssignor " + std::string(*request.server_assignor) +
                                                               " is not supported. Supported assignors: " + known + "."};
    }
    if (request.subscribed_topic_regex && !request.subscribed_topic_regex->empty()) {
        if (const auto pattern = TopicPattern::read(*request.subscribed_topic_regex); !pattern)
            return GroupFault{ErrorCode::invalid_regular_expression,
                              "SubscribedTopicRegex `" + std::string(*request.subscribed_topic_regex) +
                                  "` is not a valid regular expression: " + pattern.error() + "."};
    }
    return std::nullopt;
}

// ---- coming and staying ----

ConsumerGroupHeartbeatResponse ConsumerMembership::heartbeat(const Around& around, const ConsumerBeat& beat,
                                                             const std::string& id) {
    const auto& request = beat.request;
    const bool known = members_.contains(id) || (request.instance_id && instances_.contains(*request.instance_id));
    if (request.member_epoch == 0 && !known && members_.size() >= around.rules.largest)
        return refused_heartbeat({ErrorCode::group_max_size_reached, "The consumer group has reached its maximum capacity of " +
                                                                         std::to_string(around.rules.largest) + " members."});
    ConsumerMember* member = nullptr;
    if (auto fault = admit(request, id, member)) return refused_heartbeat(std::move(*fault));
    if (member->epoch == -2) member->epoch = member->previous_epoch = 0;
    member->classic.reset();
    const auto before = *member;
    sessions_.set(id, around.now + around.rules.session);
    // Who comes without a subscription changes nothing for the others (seen: Kafka 4.4.0).
    const bool subscribes = update(beat, *member);
    if (subscribes || !known) look_up(around, false);
    if (subscribes) bump(around);
    assign_if_due(around);
    reconcile(around, *member, owned_by(request));
    if (*member != before || !known) changes_.members.insert(id);
    return answer(around, *member, request.member_epoch == 0 || says_all(request) || member->assigned != before.assigned);
}

ConsumerGroupHeartbeatResponse ConsumerMembership::tell(const Around& around, const std::string& id) {
    const auto found = members_.find(id);
    if (found == members_.end())
        return refused_heartbeat({ErrorCode::unknown_member_id, "Member " + id + " is not a member of group " + group_ + "."});
    auto& member = found->second;
    const auto before = member;
    sessions_.set(id, around.now + around.rules.session);
    assign_if_due(around);
    reconcile(around, member, std::nullopt);
    if (member != before) changes_.members.insert(id);
    return answer(around, member, member.assigned != before.assigned);
}

ConsumerGroupHeartbeatResponse ConsumerMembership::answer(const Around& around, const ConsumerMember& member,
                                                          bool with_assignment) const {
    ConsumerGroupHeartbeatResponse told;
    told.member_id = member.id;
    told.member_epoch = member.epoch;
    told.heartbeat_interval_ms = static_cast<std::int32_t>(around.rules.heartbeat.count());
    if (!with_assignment) return told;
    auto& topics = told.assignment.emplace().topic_partitions;
    for (const auto& [topic, partitions] : member.assigned) {
        auto& one = topics.emplace_back();
        std::memcpy(one.topic_id.bytes.data(), topic.data(), topic.size());
        one.partitions = partitions;
    }
    return told;
}

std::optional<GroupFault> ConsumerMembership::admit(const ConsumerGroupHeartbeatRequest& request, const std::string& id,
                                                    ConsumerMember*& member) {
    if (request.instance_id) return admit_static(request, id, member);
    const auto found = members_.find(id);
    if (found != members_.end()) {
        member = &found->second;
        return epoch_fault(request, *member, owned_by(request));
    }
    if (request.member_epoch != 0)
        return GroupFault{ErrorCode::unknown_member_id, "Member " + id + " is not a member of group " + group_ + "."};
    member = &members_[id];
    member->id = id;
    return std::nullopt;
}

std::optional<GroupFault> ConsumerMembership::admit_static(const ConsumerGroupHeartbeatRequest& request, const std::string& id,
                                                           ConsumerMember*& member) {
    const std::string instance(*request.instance_id);
    const auto known = instances_.find(instance);
    if (request.member_epoch != 0) {
        if (auto fault = static_fault(instances_, instance, id)) return fault;
        member = &members_.find(id)->second;
        return epoch_fault(request, *member, owned_by(request));
    }
    if (known == instances_.end()) {
        member = &members_[id];
        member->id = id;
        member->instance = instance;
        instances_[instance] = id;
        return std::nullopt;
    }
    const auto& holder = members_.find(known->second)->second;
    if (holder.id != id && !holder.away() && !holder.classic) return unreleased_instance(instance, holder.id, id);
    member = holder.id == id ? &members_.find(id)->second : &replace(std::string(holder.id), id);
    return std::nullopt;
}

std::optional<GroupFault> static_fault(const Instances& instances, std::string_view instance, std::string_view id) {
    const auto known = instances.find(instance);
    if (known == instances.end())
        return GroupFault{ErrorCode::unknown_member_id, "Instance id " + std::string(instance) + " is unknown."};
    if (known->second == id) return std::nullopt;
    return GroupFault{ErrorCode::fenced_instance_id, "Static member " + std::string(id) + " with instance id " +
                                                         std::string(instance) + " was fenced by member " + known->second + "."};
}

GroupFault unreleased_instance(std::string_view instance, std::string_view holder, std::string_view id) {
    return {ErrorCode::unreleased_instance_id, "Static member " + std::string(id) + " with instance id " + std::string(instance) +
                                                   " cannot join the group because the instance id is owned by " +
                                                   std::string(holder) + " member."};
}

ConsumerMember& ConsumerMembership::replace(const std::string& old_id, const std::string& id) {
    auto node = members_.extract(old_id);
    auto member = std::move(node.mapped());
    disown(member);
    sessions_.erase(old_id);
    rebalances_.erase(old_id);
    changes_.members.insert(old_id);
    changes_.members.insert(id);
    member.id = id;
    instances_[*member.instance] = id;
    own(member);
    return members_[id] = std::move(member);
}

// Whether it reads something else now.
bool ConsumerMembership::update(const ConsumerBeat& beat, ConsumerMember& member) {
    const auto& request = beat.request;
    if (request.rack_id) member.rack = std::string(*request.rack_id);
    if (request.rebalance_timeout_ms != -1) member.rebalance_timeout = milliseconds{request.rebalance_timeout_ms};
    member.client_id = beat.client_id;
    bool other = !member.regex.empty() && (member.principal != beat.principal || member.client_host != beat.client_host);
    member.client_host = beat.client_host;
    member.principal = beat.principal;
    if (request.server_assignor && member.assignor != *request.server_assignor) {
        member.assignor = *request.server_assignor;
        other = true;
    }
    if (request.subscribed_topic_names) {
        std::set<std::string, std::less<>> names;
        for (const auto name : *request.subscribed_topic_names) names.emplace(name);
        other |= names != member.names;
        member.names = std::move(names);
    }
    if (request.subscribed_topic_regex && member.regex != *request.subscribed_topic_regex) {
        member.regex = *request.subscribed_topic_regex;
        other = true;
    }
    return other;
}

// ---- going ----

ConsumerGroupHeartbeatResponse ConsumerMembership::leave(const Around& around, const ConsumerGroupHeartbeatRequest& request) {
    const std::string id(request.member_id);
    if (request.instance_id) {
        if (auto fault = static_fault(instances_, *request.instance_id, id)) return refused_heartbeat(std::move(*fault));
    }
    const auto found = members_.find(id);
    if (found == members_.end())
        return refused_heartbeat({ErrorCode::unknown_member_id, "Member " + id + " is not a member of group " + group_ + "."});
    ConsumerGroupHeartbeatResponse told;
    told.member_id = id;
    told.member_epoch = request.member_epoch;
    if (request.member_epoch == -2) {
        auto& member = found->second;
        disown(member);
        member.epoch = -2;
        member.place = ConsumerMember::Place::stable;
        member.revoking.clear();   // it reads nothing any more
        own(member);
        rebalances_.erase(id);
        sessions_.set(id, around.now + around.rules.session);
        changes_.members.insert(id);
        return told;
    }
    drop(id);
    look_up(around, false);
    bump(around);
    return told;
}

void ConsumerMembership::drop(const std::string& id) {
    auto node = members_.extract(id);
    const auto& member = node.mapped();
    disown(member);
    if (member.instance) instances_.erase(*member.instance);
    sessions_.erase(id);
    rebalances_.erase(id);
    changes_.members.insert(id);
}

std::optional<Time> ConsumerMembership::next_due() const {
    auto next = assign_due_;
    for (const auto& at : {sessions_.first(), rebalances_.first()})
        if (at) next = next ? std::min(*next, *at) : *at;
    return next;
}

void ConsumerMembership::overdue(const Around& around) {
    auto late = sessions_.take_due(around.now);
    std::ranges::move(rebalances_.take_due(around.now), std::back_inserter(late));
    bool lost = false;
    for (const auto& id : late) {
        if (!members_.contains(id)) continue;
        drop(id);
        lost = true;
    }
    if (lost) {
        look_up(around, false);
        bump(around);
    }
    assign_if_due(around);
}

// ---- offsets ----

ErrorCode ConsumerMembership::may_commit(std::string_view id, std::int32_t epoch, int version) const {
    if (epoch < 0 && members_.empty()) return ErrorCode::none;
    const auto found = members_.find(id);
    if (found == members_.end()) return ErrorCode::unknown_member_id;
    if (found->second.classic) return epoch == found->second.epoch ? ErrorCode::none : ErrorCode::illegal_generation;
    if (version < 9) return ErrorCode::unsupported_version;
    return epoch == found->second.epoch ? ErrorCode::none : ErrorCode::stale_member_epoch;
}

ErrorCode ConsumerMembership::may_fetch(const std::optional<std::string_view>& id, std::int32_t epoch) const {
    if (!id && epoch < 0) return ErrorCode::none;
    const auto found = members_.find(id.value_or(""));
    if (found == members_.end()) return ErrorCode::unknown_member_id;
    return epoch == found->second.epoch ? ErrorCode::none : ErrorCode::stale_member_epoch;
}

}   // namespace sluice::kafka
