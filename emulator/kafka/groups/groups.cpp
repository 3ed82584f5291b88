// The life of a group: Empty -> PreparingRebalance (joins are gathered) -> CompletingRebalance (the leader assigns) ->
// Stable. Codes and order of checks as seen on Kafka 4.4.0. What is not obvious: followers learn of a rebalance from
// their heartbeat (27), so a rebalance lasts at least until the slowest member's next heartbeat.
// Who comes is in group_join.cpp, who stays in group_members.cpp, offsets and the store in group_offsets.cpp, what a split
// does to a group in group_reshard.cpp.
#include <limits>
#include <utility>

#include "emulator/kafka/groups/group_states.h"

namespace sluice::kafka {

JoinReply refuse(const JoinReply& reply, ErrorCode code, std::string_view member) {
    JoinGroupResponse answer;
    answer.error_code = code;
    answer.member_id = member;
    reply->give(std::move(answer));
    return reply;
}

void refuse(SyncReply& reply, ErrorCode code) {
    if (!reply) return;
    auto held = std::exchange(reply, nullptr);
    held->value.emplace().error_code = code;
    held->given.fire();
}

std::string_view name_of(GroupState state) {
    switch (state) {
        case GroupState::preparing:
            return "PreparingRebalance";
        case GroupState::completing:
            return "CompletingRebalance";
        case GroupState::stable:
            return "Stable";
        case GroupState::empty:
            break;
    }
    return "Empty";
}

Groups::Groups(streams::Engine& engine, streams::World& world, const Configs& configs, bool remembered)
    : engine_(engine),
      world_(world),
      initial_delay_(configs.number("group.initial.rebalance.delay.ms")),
      shortest_session_(configs.number("group.min.session.timeout.ms")),
      longest_session_(configs.number("group.max.session.timeout.ms")),
      largest_(static_cast<std::size_t>(configs.number("group.max.size"))) {
    if (remembered) load();
}

Groups::~Groups() {
    for (auto& [id, group] : groups_) {
        for (auto& [name, member] : group->members) {
            if (member->joining) refuse(std::exchange(member->joining, nullptr), ErrorCode::unknown_member_id, name);
            refuse(member->syncing, ErrorCode::unknown_member_id);
        }
    }
}

Group* Groups::get(std::string_view id) {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : found->second.get();
}
const Group* Groups::find(std::string_view id) const {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : found->second.get();
}
Group& Groups::make(std::string_view id) {
    if (auto* group = get(id)) return *group;
    auto& group = groups_[std::string(id)] = std::make_unique<Group>();
    group->id = id;
    return *group;
}
void Groups::each(const std::function<void(const Group&)>& visit) const {
    for (const auto& [id, group] : groups_) visit(*group);
}

ErrorCode Groups::remove(std::string_view id) {
    auto* group = get(id);
    if (!group) return ErrorCode::group_id_not_found;
    if (group->state != GroupState::empty) return ErrorCode::non_empty_group;
    std::vector<Partition> committed;
    committed.reserve(group->offsets.size());
    for (const auto& [partition, offset] : group->offsets) committed.push_back(partition);
    for (const auto& partition : committed) commit(id, partition, {});
    engine_.put(world_, "kafka/group/" + group->id, {});
    groups_.erase(std::string(id));
    return ErrorCode::none;
}

void Groups::rebalance(Group& group) {
    const bool first = group.state == GroupState::empty;
    for (auto& [id, member] : group.members) {
        refuse(member->syncing, ErrorCode::rebalance_in_progress);
        member->synced = false;
    }
    group.state = GroupState::preparing;
    group.initial_until = Time{};
    if (first && initial_delay_.count() > 0) {
        group.initial_until = clock().live() + longest_rebalance(group);
        group.newcomers = false;
        return arm(group, initial_delay_, &Groups::initial_delay_over);
    }
    arm(group, longest_rebalance(group), &Groups::joins_overdue);
    all_joined(group);
}

void Groups::initial_delay_over(Group& group) {
    const auto left = std::chrono::duration_cast<milliseconds>(group.initial_until - clock().live());
    if (std::exchange(group.newcomers, false) && left.count() > 0)
        return arm(group, std::min(initial_delay_, left), &Groups::initial_delay_over);
    group.initial_until = Time{};
    arm(group, longest_rebalance(group), &Groups::joins_overdue);
    all_joined(group);
}

void Groups::all_joined(Group& group) {
    if (std::ranges::all_of(group.members, [](const auto& m) { return m.second->joining != nullptr; })) complete(group);
}

void Groups::joins_overdue(Group& group) {
    std::vector<std::string> late;
    for (const auto& [id, member] : group.members) {
        if (!member->joining && !member->instance) late.push_back(id);
    }
    for (const auto& id : late) drop(group, *group.members.at(id));
    complete(group);
}

void Groups::complete(Group& group) {
    group.rebalance.stop();
    group.initial_until = Time{};
    group.generation = group.generation == std::numeric_limits<std::int32_t>::max() ? 1 : group.generation + 1;
    const bool anybody = std::ranges::any_of(group.members, [](const auto& m) { return m.second->joining != nullptr; });
    if (!anybody) {
        // Static members that have not come back keep their place; without anybody at all the group is empty.
        group.state = group.members.empty() ? GroupState::empty : GroupState::preparing;
        if (group.members.empty()) {
            group.protocol.clear();
            group.leader.clear();
        } else {
            arm(group, longest_rebalance(group), &Groups::joins_overdue);
        }
        save(group);
        return;
    }
    group.protocol = select_protocol(group);
    const auto leader = group.members.find(group.leader);
    if (leader == group.members.end() || !leader->second->joining) {
        group.leader = std::ranges::find_if(group.members, [](const auto& m) { return m.second->joining != nullptr; })->first;
    }
    group.state = GroupState::completing;
    for (auto& [id, member] : group.members) {
        member->assignment.clear();
        sign_of_life(group, *member);
    }
    arm(group, longest_rebalance(group), &Groups::syncs_overdue);
    std::vector<Member*> asked;
    for (auto& [id, member] : group.members) {
        if (member->joining) asked.push_back(member.get());
    }
    for (auto* member : asked) give_current(group, *member, std::exchange(member->joining, nullptr));
}

void Groups::give_current(Group& group, Member& member, const JoinReply& reply) {
    JoinGroupResponse answer;
    answer.generation_id = group.generation;
    answer.protocol_type = group.protocol_type;
    answer.protocol_name = group.protocol;
    answer.leader = group.leader;
    answer.member_id = member.id;
    if (group.leader == member.id) {
        for (const auto& [id, other] : group.members) {
            const auto* metadata = metadata_for(*other, group.protocol);
            answer.members.push_back(
                {.member_id = id, .group_instance_id = other->instance, .metadata = metadata ? *metadata : Blob{}});
        }
    }
    reply->give(std::move(answer));
}

// Each member votes for the first of its protocols that all support.
std::string Groups::select_protocol(const Group& group) const {
    std::map<std::string, int> votes;
    for (const auto& [id, member] : group.members) {
        for (const auto& [name, metadata] : member->protocols) {
            const auto supports = [&](const auto& m) { return metadata_for(*m.second, name) != nullptr; };
            if (!std::ranges::all_of(group.members, supports)) continue;
            ++votes[name];
            break;
        }
    }
    const auto best = std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; });
    return best == votes.end() ? std::string{} : best->first;
}

// ---- assigning ----

SyncReply Groups::sync(const SyncGroupRequest& request) {
    auto reply = std::make_shared<Reply<SyncGroupResponse>>();
    const auto refused = [&](ErrorCode code) {
        auto held = reply;
        refuse(held, code);
        return reply;
    };
    auto* group = get(request.group_id);
    if (!group) return refused(ErrorCode::unknown_member_id);
    ErrorCode code{};
    auto* member = member_of(*group, request.member_id, request.group_instance_id, code);
    if (!member) return refused(code);
    if (request.generation_id != group->generation) return refused(ErrorCode::illegal_generation);
    if ((request.protocol_type && *request.protocol_type != group->protocol_type) ||
        (request.protocol_name && *request.protocol_name != group->protocol)) {
        return refused(ErrorCode::inconsistent_group_protocol);
    }
    if (group->state == GroupState::empty) return refused(ErrorCode::unknown_member_id);
    if (group->state == GroupState::preparing) return refused(ErrorCode::rebalance_in_progress);
    sign_of_life(*group, *member);
    member->synced = true;
    refuse(member->syncing, ErrorCode::unknown_member_id);   // a request overtaken by its successor
    member->syncing = reply;
    if (group->state == GroupState::completing && group->leader == member->id) {
        for (const auto& given : request.assignments) {
            if (const auto found = group->members.find(std::string(given.member_id)); found != group->members.end()) {
                found->second->assignment.assign(given.assignment.begin(), given.assignment.end());
            }
        }
        group->state = GroupState::stable;
        group->assigned = save(*group);
        if (std::ranges::all_of(group->members, [](const auto& m) { return m.second->synced; })) group->rebalance.stop();
    }
    if (group->state == GroupState::stable) settle(*group);
    return reply;
}

void Groups::settle(Group& group) {
    for (auto& [id, member] : group.members) {
        if (!member->syncing) continue;
        SyncGroupResponse answer;
        answer.protocol_type = group.protocol_type;
        answer.protocol_name = group.protocol;
        answer.assignment = member->assignment;
        std::exchange(member->syncing, nullptr)->give(std::move(answer));
    }
}

void Groups::unassign(std::string_view id, std::int32_t generation) {
    auto* group = get(id);
    if (group && group->generation == generation && group->state == GroupState::stable) rebalance(*group);
}

// Seen: Kafka drops members that joined a generation and never asked for their part of it.
void Groups::syncs_overdue(Group& group) {
    std::vector<std::string> late;
    for (const auto& [id, member] : group.members) {
        if (!member->synced) late.push_back(id);
    }
    if (late.empty()) return;
    for (const auto& id : late) drop(group, *group.members.at(id));
    after_drop(group);
}

// Nobody came back for the ids that were given out; a group that never became anything is no group.
void Groups::promises_over(Group& group) {
    if (group.state != GroupState::empty) return;
    group.promised.clear();
    if (group.generation == 0 && group.offsets.empty()) groups_.erase(std::string(group.id));
}

// ---- timers ----

milliseconds Groups::longest_rebalance(const Group& group) const {
    milliseconds longest{0};
    for (const auto& [id, member] : group.members) longest = std::max(longest, member->rebalance_timeout);
    return longest;
}

void Groups::arm(Group& group, milliseconds span, void (Groups::*then)(Group&)) {
    auto fire = [this, id = group.id, then] {
        if (auto* g = get(id)) (this->*then)(*g);
    };
    group.rebalance = Timer{clock(), clock().within(timers::rebalance, span, std::move(fire))};
}

}   // namespace sluice::kafka
