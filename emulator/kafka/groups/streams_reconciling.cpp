// Which tasks members of a Streams group are to work on, and how each gets there: a task is given when no other member works on
// it and no other member of the same process holds its state. And how a group is kept over a restart.
#include <algorithm>

#include "emulator/kafka/groups/streams_membership.h"

namespace sluice::kafka {

namespace {

StreamsTasks both(const StreamsTasks& a, const StreamsTasks& b) {
    return {assignments::both(a.active, b.active), assignments::both(a.standby, b.standby)};
}
StreamsTasks without(const StreamsTasks& a, const StreamsTasks& b) {
    return {assignments::without(a.active, b.active), assignments::without(a.standby, b.standby)};
}
StreamsTasks together(const StreamsTasks& a, const StreamsTasks& b) {
    return {assignments::together(a.active, b.active), assignments::together(a.standby, b.standby)};
}

bool holds(const TasksBy& tasks, const std::string& subtopology, std::int32_t partition) {
    const auto found = tasks.find(subtopology);
    return found != tasks.end() && std::ranges::binary_search(found->second, partition);
}
bool holds(const StreamsTasks& tasks, const std::string& subtopology, std::int32_t partition) {
    return holds(tasks.active, subtopology, partition) || holds(tasks.standby, subtopology, partition);
}

template <class Told>
std::vector<Told> told_tasks(const TasksBy& tasks) {
    std::vector<Told> out;
    for (const auto& [subtopology, partitions] : tasks) out.push_back({.subtopology_id = subtopology, .partitions = partitions});
    return out;
}

}   // namespace

// ---- what members are told ----

StreamsGroupHeartbeatResponse StreamsMembership::answer(const Around& around, const StreamsMember& member, bool with_tasks,
                                                        std::int32_t endpoints) const {
    using Ids = StreamsGroupHeartbeatResponse::TaskIds;
    StreamsGroupHeartbeatResponse told;
    told.member_id = member.id;
    told.member_epoch = member.epoch;
    told.heartbeat_interval_ms = static_cast<std::int32_t>(around.rules.heartbeat.count());
    told.task_offset_interval_ms = 60'000;   // seen: Kafka 4.4.0, as the lag
    told.acceptable_recovery_lag = 10'000;
    told.endpoint_information_epoch = endpoints_epoch_;
    auto& status = told.status.emplace();
    const auto say = [&](StreamsStatus code, std::string text) {
        status.push_back({.status_code = static_cast<std::int8_t>(code), .status_detail = std::move(text)});
    };
    if (initial_until_ && around.now < *initial_until_)
        say(StreamsStatus::assignment_delayed, "Assignment delayed due to the configured initial rebalance delay.");
    if (needs_.fault) say(needs_.fault->status, needs_.fault->text);
    if (topology_ && member.topology_epoch < topology_->epoch)
        say(StreamsStatus::stale_topology, "The member's topology epoch " + std::to_string(member.topology_epoch) +
                                               " is behind the group's topology epoch " + std::to_string(topology_->epoch) + ".");
    if (!shut_down_by_.empty())
        say(StreamsStatus::shutdown_application,
            "Streams group member " + shut_down_by_ +
                " encountered a fatal error and requested a shutdown for the entire application.");
    if (with_tasks) {
        told.active_tasks = told_tasks<Ids>(member.assigned.active);
        told.standby_tasks = told_tasks<Ids>(member.assigned.standby);
        told.warmup_tasks = std::vector<Ids>{};
    }
    if (endpoints != endpoints_epoch_) add_endpoints(told);
    return told;
}

// Who answers queries for which partitions.
void StreamsMembership::add_endpoints(StreamsGroupHeartbeatResponse& told) const {
    auto& all = told.partitions_by_user_endpoint.emplace();
    for (const auto& [id, member] : members_) {
        if (member.port == 0) continue;
        auto& one = all.emplace_back();
        one.user_endpoint = {.host = member.host, .port = member.port};
        const auto list = [&](const TasksBy& tasks, std::vector<StreamsGroupHeartbeatResponse::TopicPartition>& to) {
            for (const auto& [subtopology, partitions] : tasks) {
                const auto topics = needs_.topics.find(subtopology);
                if (topics == needs_.topics.end()) continue;
                for (const auto& topic : topics->second) to.push_back({.topic = topic, .partitions = partitions});
            }
        };
        list(member.assigned.active, one.active_partitions);
        list(member.assigned.standby, one.standby_partitions);
    }
}

std::set<std::string, std::less<>> StreamsMembership::topics() const {
    std::set<std::string, std::less<>> names;
    if (!topology_ || members_.empty()) return names;
    for (const auto& sub : topology_->subtopologies) {
        names.insert(sub.sources.begin(), sub.sources.end());
        for (const auto& topic : sub.repartition_sources) names.insert(topic.name);
        for (const auto& topic : sub.changelogs) names.insert(topic.name);
    }
    return names;
}

// ---- the target ----

void StreamsMembership::topics_changed(const Around& around) {
    if (!topology_ || members_.empty()) return;
    const auto needs = needs_of(*topology_, around.topics);
    const bool same = needs == needs_;
    needs_ = needs;
    if (!same) bump(around);
}

void StreamsMembership::bump(const Around& around) {
    ++epoch_;
    changes_.group = true;
    if (topology_) needs_ = needs_of(*topology_, around.topics);
    assign_if_due(around);
}

void StreamsMembership::assign_if_due(const Around& around) {
    assign_due_.reset();
    if (epoch_ <= assignment_epoch_) return;
    auto due = assignment_epoch_ == 1 ? around.now : assigned_at_ + around.rules.assignment_interval;
    if (initial_until_ && !members_.empty()) due = std::max(due, *initial_until_);
    if (members_.empty() || around.now >= due) {
        initial_until_.reset();
        assign(around);
    } else {
        assign_due_ = due;
    }
}

void StreamsMembership::assign(const Around& around) {
    std::vector<StreamsWorker> workers;
    for (const auto& [id, member] : members_) workers.push_back({.process = member.process_id, .before = &member.target});
    StreamsWork work;
    if (!needs_.fault) work = {.tasks = needs_.tasks, .stateful = needs_.stateful, .standbys = around.rules.standbys};
    auto targets = assign_tasks(workers, work);
    std::size_t i = 0;
    for (auto& [id, member] : members_) {
        auto& target = targets[i++];
        if (member.target == target) continue;
        member.target = std::move(target);
        changes_.members.insert(id);
    }
    assignment_epoch_ = epoch_;
    assigned_at_ = around.now;
    changes_.group = true;
}

// ---- towards it ----

StreamsTasks StreamsMembership::free_for(const StreamsMember& member, const StreamsTasks& wanted) const {
    const auto busy = [&](const std::string& subtopology, std::int32_t partition, bool active) {
        return std::ranges::any_of(members_, [&](const auto& entry) {
            const auto& other = entry.second;
            if (other.id == member.id) return false;
            const bool works =
                holds(other.assigned.active, subtopology, partition) || holds(other.revoking.active, subtopology, partition);
            const bool shares = other.process_id == member.process_id &&
                                (holds(other.assigned, subtopology, partition) || holds(other.revoking, subtopology, partition));
            return (active && works) || shares;
        });
    };
    StreamsTasks free;
    assignments::each(wanted.active, [&](const std::string& subtopology, std::int32_t partition) {
        if (!busy(subtopology, partition, true)) assignments::add(free.active, subtopology, partition);
    });
    assignments::each(wanted.standby, [&](const std::string& subtopology, std::int32_t partition) {
        if (!busy(subtopology, partition, false)) assignments::add(free.standby, subtopology, partition);
    });
    return free;
}

StreamsMember StreamsMembership::next_of(const StreamsMember& member, const std::optional<StreamsTasks>& owned) const {
    switch (member.place) {
        case StreamsMember::Place::stable:
            return member.epoch == assignment_epoch_ ? member : moved(member, member.epoch, owned);
        case StreamsMember::Place::unrevoked:
            if (!owned || !both(*owned, member.revoking).empty()) return member;
            return moved(member, std::min(member.epoch + 1, assignment_epoch_), owned);
        case StreamsMember::Place::unreleased:
            break;
    }
    return moved(member, member.epoch, owned);
}

StreamsMember StreamsMembership::moved(const StreamsMember& member, std::int32_t epoch,
                                       const std::optional<StreamsTasks>& owned) const {
    auto next = member;
    const auto kept = both(member.assigned, member.target);
    const auto lost = without(member.assigned, member.target);
    if (!lost.empty() && (!owned || !both(*owned, lost).empty())) {
        next.place = StreamsMember::Place::unrevoked;
        next.assigned = kept;
        next.revoking = lost;
    } else {
        const auto wanted = without(member.target, kept);
        const auto free = free_for(member, wanted);
        next.place = free == wanted ? StreamsMember::Place::stable : StreamsMember::Place::unreleased;
        next.assigned = together(kept, free);
        next.revoking = {};
        epoch = assignment_epoch_;
    }
    if (epoch != member.epoch) next.previous_epoch = member.epoch;
    next.epoch = epoch;
    return next;
}

void StreamsMembership::reconcile(const Around& around, StreamsMember& member, const std::optional<StreamsTasks>& owned) {
    auto next = next_of(member, owned);
    if (next.place != StreamsMember::Place::unrevoked)
        rebalances_.erase(member.id);
    else if (!rebalances_.has(member.id) || next.epoch != member.epoch)
        rebalances_.set(member.id, around.now + next.rebalance_timeout);
    if (next.assigned != member.assigned && member.port != 0) ++endpoints_epoch_;
    member = std::move(next);
}

bool StreamsMembership::has_news(const std::string& id) const {
    const auto found = members_.find(id);
    return found == members_.end() || !shut_down_by_.empty() || found->second != next_of(found->second, std::nullopt);
}

StreamsGroupState StreamsMembership::state() const {
    if (members_.empty()) return StreamsGroupState::empty;
    if (needs_.fault || !topology_) return StreamsGroupState::not_ready;
    if (epoch_ > assignment_epoch_) return StreamsGroupState::assigning;
    const bool settled = std::ranges::all_of(members_, [&](const auto& member) {
        return member.second.place == StreamsMember::Place::stable && member.second.epoch == assignment_epoch_;
    });
    return settled ? StreamsGroupState::stable : StreamsGroupState::reconciling;
}

// ---- kept over a restart ----

namespace {

std::vector<StoredStreamsMember::Tasks> stored_tasks(const StreamsTasks& tasks) {
    std::vector<StoredStreamsMember::Tasks> out;
    for (const auto& [subtopology, partitions] : tasks.active) out.push_back({subtopology, 0, partitions});
    for (const auto& [subtopology, partitions] : tasks.standby) out.push_back({subtopology, 1, partitions});
    return out;
}
StreamsTasks restored_tasks(const std::vector<StoredStreamsMember::Tasks>& stored) {
    StreamsTasks tasks;
    for (const auto& one : stored)
        for (const auto partition : one.partitions)
            assignments::add(one.role == 0 ? tasks.active : tasks.standby, one.subtopology, partition);
    return tasks;
}

}   // namespace

StoredStreamsGroup StreamsMembership::to_store() const {
    return {.epoch = epoch_, .assignment_epoch = assignment_epoch_, .topology = topology_.value_or(StreamsTopology{})};
}

StoredStreamsMember StreamsMembership::to_store(const StreamsMember& m) const {
    StoredStreamsMember stored;
    stored.id = m.id;
    stored.instance = m.instance;
    stored.rack = m.rack;
    stored.client_id = m.client_id;
    stored.client_host = m.client_host;
    stored.process_id = m.process_id;
    stored.host = m.host;
    stored.port = m.port;
    stored.epoch = m.epoch;
    stored.previous_epoch = m.previous_epoch;
    stored.rebalance_timeout_ms = static_cast<std::int32_t>(m.rebalance_timeout.count());
    stored.topology_epoch = m.topology_epoch;
    for (const auto& [key, value] : m.tags) stored.tags.push_back({key, value});
    stored.place = static_cast<std::int8_t>(m.place);
    stored.assigned = stored_tasks(m.assigned);
    stored.revoking = stored_tasks(m.revoking);
    stored.target = stored_tasks(m.target);
    return stored;
}

void StreamsMembership::restore(const StoredStreamsGroup& stored) {
    epoch_ = stored.epoch;
    assignment_epoch_ = stored.assignment_epoch;
    topology_ = stored.topology;
}

void StreamsMembership::restore(const StoredStreamsMember& stored, const Around& around) {
    auto& m = members_[stored.id];
    m.id = stored.id;
    m.instance = stored.instance;
    if (m.instance) instances_[*m.instance] = m.id;
    m.rack = stored.rack;
    m.client_id = stored.client_id;
    m.client_host = stored.client_host;
    m.process_id = stored.process_id;
    m.host = stored.host;
    m.port = static_cast<std::uint16_t>(stored.port);
    m.epoch = stored.epoch;
    m.previous_epoch = stored.previous_epoch;
    m.rebalance_timeout = milliseconds{stored.rebalance_timeout_ms};
    m.topology_epoch = stored.topology_epoch;
    for (const auto& tag : stored.tags) m.tags.emplace(tag.key, tag.value);
    if (stored.place >= 0 && stored.place <= 2) m.place = static_cast<StreamsMember::Place>(stored.place);
    m.assigned = restored_tasks(stored.assigned);
    m.revoking = restored_tasks(stored.revoking);
    m.target = restored_tasks(stored.target);
    sessions_.set(m.id, around.now + around.rules.session);
    if (m.place == StreamsMember::Place::unrevoked) rebalances_.set(m.id, around.now + m.rebalance_timeout);
}

// What changed in the topics just before the stop may not have reached the group.
void StreamsMembership::restored(const Around& around) {
    if (!topology_ || members_.empty()) return;
    needs_ = needs_of(*topology_, around.topics);
    TasksBy all, targets;
    if (!needs_.fault)
        for (const auto& [subtopology, count] : needs_.tasks)
            for (std::int32_t p = 0; p < count; ++p) all[subtopology].push_back(p);
    for (const auto& [id, member] : members_) targets = assignments::together(targets, member.target.active);
    if (epoch_ == assignment_epoch_ && all != targets) bump(around);
    assign_if_due(around);
}

}   // namespace sluice::kafka
