// Who comes into a group of Kafka Streams, stays, leaves and is missed. Which tasks each is given is in streams_reconciling.cpp.
#include "emulator/kafka/groups/streams_membership.h"

#include <algorithm>

#include "emulator/kafka/groups/owned.h"
#include "emulator/kafka/topics.h"

namespace sluice::kafka {

std::string_view name_of(StreamsGroupState state) {
    switch (state) {
        case StreamsGroupState::not_ready:
            return "NotReady";
        case StreamsGroupState::assigning:
            return "Assigning";
        case StreamsGroupState::reconciling:
            return "Reconciling";
        case StreamsGroupState::stable:
            return "Stable";
        case StreamsGroupState::empty:
            break;
    }
    return "Empty";
}

StreamsGroupHeartbeatResponse refused_streams(GroupFault fault) {
    StreamsGroupHeartbeatResponse answer;
    answer.error_code = fault.code;
    answer.error_message = std::move(fault.text);
    answer.status = std::vector<StreamsGroupHeartbeatResponse::Status>{};
    return answer;
}

namespace {

GroupFault invalid_streams(std::string_view text) { return {ErrorCode::invalid_request, std::string(text)}; }

using WireTasks = std::optional<Array<StreamsGroupHeartbeatRequest::TaskIds>>;

constexpr std::int32_t most_partitions_of_one = 10'000;   // as many as a CreateTopics may ask for

std::optional<StreamsTasks> owned_tasks(const StreamsGroupHeartbeatRequest& request) {
    if (!request.active_tasks || !request.standby_tasks || !request.warmup_tasks) return std::nullopt;
    OwnedList<std::string> active, standby;
    for (const auto& one : *request.active_tasks) active.add(std::string(one.subtopology_id), one.partitions);
    for (const auto* tasks : {&*request.standby_tasks, &*request.warmup_tasks})
        for (const auto& one : *tasks) standby.add(std::string(one.subtopology_id), one.partitions);
    return StreamsTasks{active.take(), standby.take()};
}

// Which of the names are none of topics, in the order in which they are told.
std::optional<GroupFault> topic_names_fault(const StreamsGroupHeartbeatRequest::Topology& topology) {
    std::string wrong;
    bool any = false;
    const auto look = [&](std::string_view name) {
        if (!name_fault(name)) return;
        wrong.append(any ? "," : "").append(name);
        any = true;
    };
    for (const auto& sub : topology.subtopologies) {
        for (const auto name : sub.source_topics) look(name);
        for (const auto name : sub.repartition_sink_topics) look(name);
        for (const auto& topic : sub.repartition_source_topics) look(topic.name);
        for (const auto& topic : sub.state_changelog_topics) look(topic.name);
    }
    if (!any) return std::nullopt;
    return GroupFault{ErrorCode::streams_invalid_topology, "Topic names " + wrong + " are not valid topic names."};
}

std::optional<GroupFault> topology_fault(const StreamsGroupHeartbeatRequest::Topology& topology) {
    const auto invalid = [](std::string text) { return GroupFault{ErrorCode::streams_invalid_topology, std::move(text)}; };
    for (const auto& sub : topology.subtopologies)
        if (!sub.source_topic_regex.empty())
            return invalid_streams("Regular expressions for source topics are not supported yet.");
    if (auto fault = topic_names_fault(topology)) return fault;
    for (const auto& sub : topology.subtopologies) {
        if (sub.source_topics.empty() && sub.repartition_source_topics.empty())
            return invalid("No source topics found for subtopology " + std::string(sub.subtopology_id));
        for (const auto& topic : sub.state_changelog_topics)
            if (topic.partitions != 0)
                return invalid("Changelog topic " + std::string(topic.name) +
                               " must have an undefined partition count, but it is set to " + std::to_string(topic.partitions) +
                               ".");
        for (const auto& topic : sub.repartition_source_topics)
            if (topic.partitions < 0 || topic.partitions > most_partitions_of_one)
                return invalid("Internal topic " + std::string(topic.name) + " has an invalid number of partitions.");
    }
    return std::nullopt;
}

std::optional<GroupFault> streams_join_fault(const StreamsGroupHeartbeatRequest& request) {
    if (request.rebalance_timeout_ms == -1) return invalid_streams("RebalanceTimeoutMs must be provided in first request.");
    const auto filled = [](const WireTasks& tasks) { return !tasks || !tasks->empty(); };
    if (filled(request.active_tasks)) return invalid_streams("ActiveTasks must be empty when (re-)joining.");
    if (filled(request.standby_tasks)) return invalid_streams("StandbyTasks must be empty when (re-)joining.");
    if (filled(request.warmup_tasks)) return invalid_streams("WarmupTasks must be empty when (re-)joining.");
    if (!request.topology) return invalid_streams("Topology must be non-null when (re-)joining.");
    return topology_fault(*request.topology);
}

// What a member says to have must be tasks that there are.
std::optional<GroupFault> tasks_fault(const std::map<std::string, std::int32_t>& counts, const StreamsTasks& owned) {
    for (const auto* tasks : {&owned.active, &owned.standby}) {
        for (const auto& [subtopology, partitions] : *tasks) {
            const auto found = counts.find(subtopology);
            if (found == counts.end()) return invalid_streams("Subtopology " + subtopology + " does not exist in the topology.");
            for (const auto partition : partitions)
                if (partition < 0 || partition >= found->second)
                    return invalid_streams("Task " + std::to_string(partition) + " for subtopology " + subtopology +
                                           " is invalid. Number of tasks for this subtopology: " + std::to_string(found->second));
        }
    }
    return std::nullopt;
}

GroupFault unknown_streamer(std::string_view id, const std::string& group) {
    return {ErrorCode::unknown_member_id, "Member " + std::string(id) + " is not a member of group " + group + "."};
}

}   // namespace

std::optional<GroupFault> fault_of(const StreamsGroupHeartbeatRequest& request) {
    const auto epoch = request.member_epoch;
    if (request.member_id.empty()) return invalid_streams("MemberId can't be empty.");
    if (request.group_id.empty()) return invalid_streams("GroupId can't be empty.");
    if (request.instance_id && request.instance_id->empty()) return invalid_streams("InstanceId can't be empty.");
    if (request.rack_id && request.rack_id->empty()) return invalid_streams("RackId can't be empty.");
    if (epoch == 0) return streams_join_fault(request);
    if (epoch == -2 && !request.instance_id) return invalid_streams("InstanceId can't be null.");
    if (epoch < -2)
        return invalid_streams("MemberEpoch is " + std::to_string(epoch) + ", but must be greater than or equal to -2.");
    if (request.topology) return invalid_streams("Topology can only be provided when (re-)joining.");
    const int told = request.active_tasks.has_value() + request.standby_tasks.has_value() + request.warmup_tasks.has_value();
    if (told == 1 || told == 2) return invalid_streams("If one task-type is non-null, all must be non-null.");
    return std::nullopt;
}

StreamsTopology topology_of(const StreamsGroupHeartbeatRequest::Topology& told) {
    StreamsTopology topology;
    topology.epoch = told.epoch;
    const auto internal = [](const Array<StreamsGroupHeartbeatRequest::TopicInfo>& topics) {
        std::vector<StreamsTopology::InternalTopic> out;
        for (const auto& topic : topics) {
            auto& one = out.emplace_back();
            one.name = topic.name;
            one.partitions = topic.partitions;
            for (const auto& config : topic.topic_configs)
                one.configs.push_back({.key = std::string(config.key), .value = std::string(config.value)});
        }
        return out;
    };
    for (const auto& sub : told.subtopologies) {
        auto& one = topology.subtopologies.emplace_back();
        one.id = sub.subtopology_id;
        one.sources.assign(sub.source_topics.begin(), sub.source_topics.end());
        one.sinks.assign(sub.repartition_sink_topics.begin(), sub.repartition_sink_topics.end());
        one.changelogs = internal(sub.state_changelog_topics);
        one.repartition_sources = internal(sub.repartition_source_topics);
        for (const auto& group : sub.copartition_groups) {
            auto& together = one.copartitioned.emplace_back();
            together.sources.assign(group.source_topics.begin(), group.source_topics.end());
            together.repartition_sources.assign(group.repartition_source_topics.begin(), group.repartition_source_topics.end());
        }
    }
    return topology;
}

// ---- coming and staying ----

// One that nobody knows by its own id: it comes anew, or in the place of its instance's member that left for a while.
std::optional<GroupFault> StreamsMembership::admit_new(const Around& around, const StreamsGroupHeartbeatRequest& request,
                                                       StreamsMember*& member) {
    const std::string id(request.member_id);
    if (request.member_epoch != 0) return unknown_streamer(id, group_);
    const auto holder = request.instance_id ? instances_.find(*request.instance_id) : instances_.end();
    if (holder == instances_.end()) {
        if (members_.size() >= around.rules.largest)
            return GroupFault{ErrorCode::group_max_size_reached, "The streams group has reached its maximum capacity of " +
                                                                     std::to_string(around.rules.largest) + " members."};
        member = &members_[id];
    } else {
        const auto old_id = holder->second;
        if (!members_.find(old_id)->second.away()) return unreleased_instance(*request.instance_id, old_id, id);
        auto node = members_.extract(old_id);
        node.key() = id;
        member = &members_.insert(std::move(node)).position->second;
        sessions_.erase(old_id);
        changes_.members.insert(old_id);
    }
    member->id = id;
    if (request.instance_id) instances_[member->instance.emplace(*request.instance_id)] = id;
    changes_.members.insert(id);
    return std::nullopt;
}

std::optional<GroupFault> StreamsMembership::admit(const Around& around, const StreamsBeat& beat, StreamsMember*& member) {
    const auto& request = beat.request;
    const auto told = request.member_epoch;
    if (told != 0 && request.instance_id) {
        if (auto fault = static_fault(instances_, *request.instance_id, request.member_id)) return fault;
    }
    const auto found = members_.find(request.member_id);
    if (found == members_.end()) return admit_new(around, request, member);
    member = &found->second;
    if (told == 0 && request.instance_id && member->instance != *request.instance_id) {
        const auto holder = instances_.find(*request.instance_id);
        if (holder != instances_.end()) return unreleased_instance(*request.instance_id, holder->second, member->id);
        if (member->instance) instances_.erase(*member->instance);
        instances_[member->instance.emplace(*request.instance_id)] = member->id;
    }
    if (told == 0 || told == member->epoch) return std::nullopt;
    const auto owned = owned_tasks(request);
    if (told < member->epoch && told == member->previous_epoch && owned &&
        assignments::within(owned->active, member->assigned.active) &&
        assignments::within(owned->standby, member->assigned.standby))
        return std::nullopt;
    return GroupFault{ErrorCode::fenced_member_epoch,
                      std::string("The streams group member has a ") + (told > member->epoch ? "greater" : "smaller") +
                          " member epoch (" + std::to_string(told) + ") than the one known by the group coordinator (" +
                          std::to_string(member->epoch) + "). The member must abandon all its partitions and rejoin."};
}

// The first topology of a group stays until one with a higher epoch comes, or the group is empty.
bool StreamsMembership::take_topology(const StreamsGroupHeartbeatRequest& request) {
    if (!request.topology) return false;
    auto topology = topology_of(*request.topology);
    const bool alone = std::ranges::all_of(members_, [&](const auto& m) { return m.first == request.member_id; });
    if (topology_ == topology || (topology_ && !alone && topology.epoch <= topology_->epoch)) return false;
    topology_ = std::move(topology);
    return true;
}

StreamsGroupHeartbeatResponse StreamsMembership::heartbeat(const Around& around, const StreamsBeat& beat) {
    const auto& request = beat.request;
    const bool known = members_.contains(request.member_id) || (request.instance_id && instances_.contains(*request.instance_id));
    const bool first = members_.empty();
    StreamsMember* member = nullptr;
    if (auto fault = admit(around, beat, member)) return refused_streams(std::move(*fault));
    const auto owned = owned_tasks(request);
    if (request.member_epoch > 0 && owned && topology_ && !needs_.fault)
        if (auto fault = tasks_fault(needs_.tasks, *owned)) return refused_streams(std::move(*fault));
    if (member->away()) member->epoch = member->previous_epoch = 0;
    const auto before = *member;
    sessions_.set(member->id, around.now + around.rules.session);
    const bool other = take_topology(request) | update(beat, *member);
    if (request.shutdown_application) shut_down_by_ = member->id;
    if (first && around.rules.initial_delay.count() > 0) initial_until_ = around.now + around.rules.initial_delay;
    if (!known || other) bump(around);
    assign_if_due(around);
    reconcile(around, *member, owned);
    if (*member != before || !known) changes_.members.insert(member->id);
    const bool all = request.member_epoch == 0 || (request.rebalance_timeout_ms != -1 && owned);
    return answer(around, *member, all || member->assigned != before.assigned, request.endpoint_information_epoch);
}

StreamsGroupHeartbeatResponse StreamsMembership::tell(const Around& around, const std::string& id) {
    const auto found = members_.find(id);
    if (found == members_.end()) return refused_streams(unknown_streamer(id, group_));
    auto& member = found->second;
    const auto before = member;
    sessions_.set(id, around.now + around.rules.session);
    assign_if_due(around);
    reconcile(around, member, std::nullopt);
    if (member != before) changes_.members.insert(id);
    return answer(around, member, member.assigned != before.assigned, endpoints_epoch_);
}

bool StreamsMembership::update(const StreamsBeat& beat, StreamsMember& member) {
    const auto& request = beat.request;
    if (request.rack_id) member.rack = std::string(*request.rack_id);
    if (request.rebalance_timeout_ms != -1) member.rebalance_timeout = milliseconds{request.rebalance_timeout_ms};
    member.client_id = beat.client_id;
    member.client_host = beat.client_host;
    if (request.topology) member.topology_epoch = request.topology->epoch;
    if (request.user_endpoint) {
        member.host = request.user_endpoint->host;
        member.port = request.user_endpoint->port;
    }
    if (request.client_tags) {
        member.tags.clear();
        for (const auto& tag : *request.client_tags) member.tags.emplace(tag.key, tag.value);
    }
    if (!request.process_id || member.process_id == *request.process_id) return false;
    member.process_id = *request.process_id;
    return true;
}

// ---- going ----

StreamsGroupHeartbeatResponse StreamsMembership::leave(const Around& around, const StreamsGroupHeartbeatRequest& request) {
    const std::string id(request.member_id);
    if (request.instance_id) {
        if (auto fault = static_fault(instances_, *request.instance_id, id)) return refused_streams(std::move(*fault));
    }
    const auto found = members_.find(id);
    if (found == members_.end()) return refused_streams(unknown_streamer(id, group_));
    if (request.shutdown_application) shut_down_by_ = id;
    if (request.member_epoch == -2) {
        auto& member = found->second;
        member.epoch = -2;
        member.place = StreamsMember::Place::stable;
        member.revoking = {};   // it works on nothing any more, and what it had waits for it
        rebalances_.erase(id);
        sessions_.set(id, around.now + around.rules.session);
        changes_.members.insert(id);
    } else {
        drop(id);
        bump(around);
    }
    StreamsGroupHeartbeatResponse told;
    told.member_id = id;
    told.member_epoch = request.member_epoch;
    told.status = std::vector<StreamsGroupHeartbeatResponse::Status>{};
    return told;
}

void StreamsMembership::drop(const std::string& id) {
    const auto node = members_.extract(id);
    if (const auto& instance = node.mapped().instance) instances_.erase(*instance);
    sessions_.erase(id);
    rebalances_.erase(id);
    changes_.members.insert(id);
    if (members_.empty()) shut_down_by_.clear();
}

std::optional<Time> StreamsMembership::next_due() const {
    std::optional<Time> next;
    for (const auto& at : {sessions_.first(), rebalances_.first(), assign_due_})
        if (at) next = next ? std::min(*next, *at) : *at;
    return next;
}

void StreamsMembership::overdue(const Around& around) {
    auto late = sessions_.take_due(around.now);
    std::ranges::move(rebalances_.take_due(around.now), std::back_inserter(late));
    bool lost = false;
    for (const auto& id : late) {
        if (!members_.contains(id)) continue;
        drop(id);
        lost = true;
    }
    if (lost) bump(around);
    assign_if_due(around);
}

ErrorCode StreamsMembership::may_commit(std::string_view id, std::int32_t epoch, int version) const {
    if (epoch < 0 && members_.empty()) return ErrorCode::none;
    const auto found = members_.find(id);
    if (found == members_.end()) return ErrorCode::unknown_member_id;
    if (version < 9) return ErrorCode::unsupported_version;
    return epoch == found->second.epoch ? ErrorCode::none : ErrorCode::stale_member_epoch;
}

ErrorCode StreamsMembership::may_fetch(const std::optional<std::string_view>& id, std::int32_t epoch) const {
    if (!id && epoch < 0) return ErrorCode::none;
    const auto found = members_.find(id.value_or(""));
    if (found == members_.end()) return ErrorCode::unknown_member_id;
    return epoch == found->second.epoch ? ErrorCode::none : ErrorCode::stale_member_epoch;
}

}   // namespace sluice::kafka
