// Carries out what the memberships of consumer groups and Streams groups decide: the store, the timer of sessions, and heartbeats
// that are held. A member's heartbeat that has nothing to tell and would be told nothing is held until there is news, so that a
// rebalance does not wait for the next one.
#include "emulator/kafka/groups/modern_groups.h"

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/groups/session_timer.h"
#include "storage/planted.h"

namespace sluice::kafka {

namespace {

std::optional<std::pair<std::string_view, std::string_view>> parse_member_key(std::string_view prefix, std::string_view key) {
    if (key.starts_with(prefix)) key.remove_prefix(prefix.size());
    if (key.size() < 4) return std::nullopt;
    const auto size = static_cast<std::size_t>(Reader{as_bytes(key)}.integer<std::int32_t>());
    key.remove_prefix(4);
    if (key.size() < size) return std::nullopt;
    return std::pair{key.substr(0, size), key.substr(size)};
}

template <class Kind>
std::string group_key_of(std::string_view group) {
    return std::string(Kind::group_prefix).append(group);
}

}   // namespace

std::string member_key(std::string_view prefix, std::string_view group, std::string_view member) {
    std::string key{prefix};
    for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(group.size() >> shift));
    return key.append(group).append(member);
}

// ---- requests ----

// Who joins makes an empty group, or takes over an empty one of another protocol.
template <class Kind>
GroupPointer Groups::modern_group(std::string_view id, std::int32_t epoch, std::optional<GroupFault>& fault) {
    auto group = get(id);
    if (group && group->part<Kind>()) return group;
    const bool shares = is_share_group(id);
    if (epoch != 0 || (group && !group->empty()) || shares) {
        fault = {ErrorCode::group_id_not_found, none_of_kind(id, Kind::name)};
        if (!group && !shares && epoch > 0) fault->text = std::string(Kind::title) + " group " + std::string(id) + " not found.";
        return nullptr;
    }
    group = make(id);
    make_classic(*group);
    group->members = Membership{rules_};
    group->part<Kind>() = std::make_unique<typename Kind::Membership>(group->id);
    return group;
}

template <class Kind>
void Groups::hold(const GroupPointer& group, const std::string& member, Beat<Kind>& beat, milliseconds span) {
    // It will say when it has given back what it is to lose.
    if (group->part<Kind>()->members().find(member)->second.place == ConsumerMember::Place::unrevoked) return;
    auto& held = group->held[member];
    if (held) held->fire();   // a request overtaken by its successor
    beat.news = held = std::make_shared<Signal>();
    beat.hold = span;
}

template <class Kind>
Groups::Beat<Kind> Groups::news(std::string_view id, std::string_view member) {
    const auto group = get(id);
    const std::string name(member);
    // The world was emptied meanwhile: a member that is told so joins anew.
    if (!group || !group->part<Kind>())
        return {.response = Kind::refused(
                    {ErrorCode::unknown_member_id, "Member " + name + " is not a member of group " + std::string(id) + "."})};
    group->held.erase(name);
    const auto rules = rules_of<Kind>(id);
    auto response = group->part<Kind>()->tell(around(rules), name);
    return {.response = std::move(response), .ticket = carry_out_members<Kind>(group)};
}

// ---- carrying out ----

template <class Kind>
streams::Ticket Groups::carry_out_members(const GroupPointer& group) {
    auto ticket = save_members<Kind>(*group);
    if constexpr (std::same_as<Kind, ConsumerKind>) {
        if (may_downgrade(*group)) {
            downgrade(group);
            return ticket;
        }
    }
    arm_members<Kind>(group);
    for (const auto& [member, news] : group->held)
        if (group->part<Kind>()->has_news(member)) news->fire();
    return ticket;
}

template <class Kind>
void Groups::change_topics(const GroupPointer& group) {
    const auto rules = rules_of<Kind>(group->id);
    group->part<Kind>()->topics_changed(around(rules));
    carry_out_members<Kind>(group);
}

template <class Kind>
void Groups::arm_members(const GroupPointer& group) {
    auto look = [this, weak = std::weak_ptr{group}] {
        const auto one = weak.lock();
        if (!one || !one->part<Kind>()) return;
        one->session_armed.reset();
        const auto rules = rules_of<Kind>(one->id);
        one->part<Kind>()->overdue(around(rules));
        carry_out_members<Kind>(one);
    };
    arm_sessions(clock(), *group, group->part<Kind>()->next_due(), std::move(look));
}

// ---- the store ----

template <class Kind>
streams::Ticket Groups::save_members(Group& group) {
    auto& membership = *group.part<Kind>();
    const auto changes = membership.take_changes();
    if (!changes.any()) return {};
    streams::Unit whole{engine_};   // a group's epoch and who has which part of it
    if (changes.group) {
        if (group.empty()) group.empty_since = clock().now();
        auto stored = membership.to_store();
        stored.empty_since_ms = to_ms(group.empty_since);
        engine_.put(world_, group_key_of<Kind>(group.id), pack(stored));
        index_topics(group);
        plan_expiry(group);
    }
    for (const auto& id : changes.members) {
        const auto member = membership.members().find(id);
        const bool there = member != membership.members().end();
        engine_.put(world_, member_key(Kind::member_prefix, group.id, id),
                    there ? pack(membership.to_store(member->second)) : std::string{});
    }
    return whole.ticket();
}

template <class Kind>
void Groups::restore_group(const GroupPointer& group, const typename Kind::StoredGroup& stored) {
    group->part<Kind>() = std::make_unique<typename Kind::Membership>(group->id);
    group->part<Kind>()->restore(stored);
    group->empty_since = from_ms(stored.empty_since_ms);
}

template <class Kind>
void Groups::load_members() {
    engine_.scan(world_, Kind::group_prefix, [&](std::string_view key, std::string_view value) {
        if (key.starts_with(Kind::group_prefix)) key.remove_prefix(Kind::group_prefix.size());
        if (const auto stored = unpack<typename Kind::StoredGroup>(value)) restore_group<Kind>(make(key), *stored);
    });
    engine_.scan(world_, Kind::member_prefix, [&](std::string_view key, std::string_view value) {
        if (planted("consumer-member-forgotten-at-restart")) return;
        const auto names = parse_member_key(Kind::member_prefix, key);
        const auto stored = names ? unpack<typename Kind::StoredMember>(value) : std::nullopt;
        const GroupPointer group = names ? get(names->first) : nullptr;
        if (!stored || !group || !group->part<Kind>()) return;
        const auto rules = rules_of<Kind>(group->id);
        group->part<Kind>()->restore(*stored, around(rules));
    });
    for (const auto& entry : groups_) {
        const GroupPointer& group = entry.second;
        if (!group->part<Kind>()) continue;
        const auto rules = rules_of<Kind>(group->id);
        group->part<Kind>()->restored(around(rules));
        index_topics(*group);
        carry_out_members<Kind>(group);
    }
}

// What could not be stored is not so: the group is again what the store holds. Whether the key was one of this kind's.
template <class Kind>
bool Groups::reload_members(std::string_view key) {
    std::string id;
    if (key.starts_with(Kind::group_prefix)) {
        id = key.substr(Kind::group_prefix.size());
    } else if (key.starts_with(Kind::member_prefix)) {
        const auto names = parse_member_key(Kind::member_prefix, key);
        if (!names) return true;
        id = names->first;
    } else {
        return false;
    }
    const auto value = engine_.get(world_, group_key_of<Kind>(id));
    const auto stored = value ? unpack<typename Kind::StoredGroup>(*value) : std::nullopt;
    const GroupPointer group = stored ? make(id) : get(id);
    if (!group || (!stored && !group->part<Kind>())) return true;
    if (!stored) {   // it never came to be: what is left is the classic group that was there, if there was one
        group->part<Kind>().reset();
        group->session.stop();
        group->session_armed.reset();
        for (const auto& [member, news] : std::exchange(group->held, {})) news->fire();
        index_topics(*group);
        arm(group);
        forget_if_blank(group);
        return true;
    }
    restore_group<Kind>(group, *stored);
    const auto rules = rules_of<Kind>(id);
    const auto here = around(rules);
    engine_.scan(world_, member_key(Kind::member_prefix, id, ""), [&](std::string_view, std::string_view one) {
        if (const auto member = unpack<typename Kind::StoredMember>(one)) group->part<Kind>()->restore(*member, here);
    });
    group->part<Kind>()->restored(here);
    group->part<Kind>()->take_changes();
    index_topics(*group);
    if (group->due == Time{}) due_at(*group, clock().now() + check_interval_);
    arm_members<Kind>(group);
    for (const auto& [member, news] : group->held) news->fire();
    return true;
}

// Which kinds there are is said here alone.

void Groups::load_modern() {
    load_members<ConsumerKind>();
    load_members<StreamsKind>();
}

bool Groups::reload_modern(std::string_view key) { return reload_members<ConsumerKind>(key) || reload_members<StreamsKind>(key); }

void Groups::topics_changed(const GroupPointer& group) {
    switch (group->type()) {
        case GroupType::classic:
            carry_out(group, group->members.reassign(clock().live()));
            return;
        case GroupType::consumer:
            return change_topics<ConsumerKind>(group);
        case GroupType::streams:
            return change_topics<StreamsKind>(group);
    }
}

template GroupPointer Groups::modern_group<ConsumerKind>(std::string_view, std::int32_t, std::optional<GroupFault>&);
template void Groups::hold<ConsumerKind>(const GroupPointer&, const std::string&, Beat<ConsumerKind>&, milliseconds);
template Groups::Beat<ConsumerKind> Groups::news<ConsumerKind>(std::string_view, std::string_view);
template streams::Ticket Groups::carry_out_members<ConsumerKind>(const GroupPointer&);
template void Groups::arm_members<ConsumerKind>(const GroupPointer&);
template GroupPointer Groups::modern_group<StreamsKind>(std::string_view, std::int32_t, std::optional<GroupFault>&);
template void Groups::hold<StreamsKind>(const GroupPointer&, const std::string&, Beat<StreamsKind>&, milliseconds);
template Groups::Beat<StreamsKind> Groups::news<StreamsKind>(std::string_view, std::string_view);
template streams::Ticket Groups::carry_out_members<StreamsKind>(const GroupPointer&);
template void Groups::arm_members<StreamsKind>(const GroupPointer&);

}   // namespace sluice::kafka
