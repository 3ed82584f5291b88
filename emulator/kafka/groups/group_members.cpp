// Who stays in a group and who goes: signs of life and sessions that run out, leaving, and connections that end while their
// join waits.
#include "emulator/kafka/groups/group_states.h"

namespace sluice::kafka {

Member* Groups::member_of(Group& group, std::string_view member, std::optional<std::string_view> instance, ErrorCode& code) {
    if (instance) {
        const auto known = group.instances.find(std::string(*instance));
        code = known == group.instances.end() ? ErrorCode::unknown_member_id : ErrorCode::fenced_instance_id;
        if (known == group.instances.end() || known->second != member) return nullptr;
    }
    const auto found = group.members.find(std::string(member));
    code = found == group.members.end() ? ErrorCode::unknown_member_id : ErrorCode::none;
    return found == group.members.end() ? nullptr : found->second.get();
}

ErrorCode Groups::heartbeat(std::string_view id, std::string_view name, std::optional<std::string_view> instance,
                            std::int32_t generation) {
    auto* group = get(id);
    if (!group) return ErrorCode::unknown_member_id;
    ErrorCode code{};
    auto* member = member_of(*group, name, instance, code);
    if (!member) return code;
    if (generation != group->generation) return ErrorCode::illegal_generation;
    sign_of_life(*group, *member);
    return group->state == GroupState::preparing ? ErrorCode::rebalance_in_progress : ErrorCode::none;
}

void Groups::sign_of_life(Group&, Member& member) { member.alive_until = clock().live() + member.session_timeout; }

// One timer per member, set anew only when it fires: heartbeats are many.
void Groups::watch(Group& group, Member& member) {
    if (member.alive_until <= clock().live()) sign_of_life(group, member);
    auto look = [this, id = group.id, name = member.id] {
        auto* g = get(id);
        if (!g) return;
        const auto found = g->members.find(name);
        if (found == g->members.end()) return;
        auto& m = *found->second;
        if (m.joining) sign_of_life(*g, m);   // it waits for the others, with its connection open
        if (m.alive_until > clock().live()) return watch(*g, m);
        drop(*g, m);
        after_drop(*g);
    };
    member.expiry = Timer{clock(), clock().at(timers::member_session, member.alive_until, std::move(look))};
}

ErrorCode Groups::leave(std::string_view id, std::string_view name, std::optional<std::string_view> instance) {
    auto* group = get(id);
    if (!group) return ErrorCode::unknown_member_id;
    std::string member_id(name);
    if (instance && name.empty()) {
        const auto known = group->instances.find(std::string(*instance));
        if (known == group->instances.end()) return ErrorCode::unknown_member_id;
        member_id = known->second;
    }
    if (const auto promised = std::ranges::find(group->promised, member_id); promised != group->promised.end()) {
        group->promised.erase(promised);
        return ErrorCode::none;
    }
    ErrorCode code{};
    auto* member = member_of(*group, member_id, instance, code);
    if (!member) return code;
    drop(*group, *member);
    after_drop(*group);
    return ErrorCode::none;
}

void Groups::abandon(std::string_view id, const JoinReply& reply) {
    auto* group = get(id);
    if (!group) return;
    const auto found = std::ranges::find_if(group->members, [&](const auto& m) { return m.second->joining == reply; });
    if (found == group->members.end()) return;
    auto& member = *found->second;
    member.joining = nullptr;
    if (member.instance) return sign_of_life(*group, member);
    drop(*group, member);
    after_drop(*group);
}

void Groups::drop(Group& group, Member& member) {
    if (member.joining) refuse(std::exchange(member.joining, nullptr), ErrorCode::unknown_member_id, member.id);
    refuse(member.syncing, ErrorCode::unknown_member_id);
    if (member.instance) group.instances.erase(*member.instance);
    group.members.erase(std::string(member.id));
}

void Groups::after_drop(Group& group) {
    if (group.members.empty() && group.state == GroupState::preparing && group.generation == 0 && group.offsets.empty()) {
        groups_.erase(std::string(group.id));   // it never became anything
        return;
    }
    if (group.state == GroupState::preparing) {
        if (group.initial_until == Time{}) all_joined(group);
    } else if (group.state != GroupState::empty) {
        rebalance(group);
    }
}

}   // namespace sluice::kafka
