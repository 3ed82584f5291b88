// The life of a group: Empty -> PreparingRebalance (joins are gathered) -> CompletingRebalance (the leader assigns) ->
// Stable. Codes and order of checks as seen on Kafka 4.4.0. What is not obvious: followers learn of a rebalance from
// their heartbeat (27), so a rebalance lasts at least until the slowest member's next heartbeat.
// Longer than most files because the states only make sense side by side; offsets and the store are in group_offsets.cpp.
#include "emulator/kafka/groups.h"

#include <algorithm>
#include <limits>

#include "protocol/kafka/messages/consumer_protocol.h"

namespace sluice::kafka {

namespace {

JoinReply refuse(const JoinReply& reply, ErrorCode code, std::string_view member) {
    JoinGroupResponse answer;
    answer.error_code = code;
    answer.member_id = member;
    reply->give(std::move(answer));
    return reply;
}

void refuse(SyncReply& reply, ErrorCode code) {
    if (!reply) return;
    SyncGroupResponse answer;
    answer.error_code = code;
    std::exchange(reply, nullptr)->give(std::move(answer));
}

bool same_protocols(const Member& member, const JoinGroupRequest& request) {
    return std::ranges::equal(member.protocols, request.protocols, [](const auto& a, const auto& b) {
        return a.first == b.name && std::ranges::equal(a.second, b.metadata);
    });
}

const Blob* metadata_for(const Member& member, std::string_view protocol) {
    const auto found = std::ranges::find(member.protocols, protocol, [](const auto& p) -> std::string_view { return p.first; });
    return found == member.protocols.end() ? nullptr : &found->second;
}

}  // namespace

std::string_view name_of(GroupState state) {
    switch (state) {
        case GroupState::preparing: return "PreparingRebalance";
        case GroupState::completing: return "CompletingRebalance";
        case GroupState::stable: return "Stable";
        case GroupState::empty: break;
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

std::string Groups::fresh_id(std::string_view prefix) { return std::string(prefix) + "-" + Random::uuid_text(engine_.random().uuid()); }

// ---- joining ----

JoinReply Groups::join(const Join& join) {
    const auto& request = join.request;
    auto reply = std::make_shared<Reply<JoinGroupResponse>>();
    if (request.group_id.empty() || request.group_id.size() > longest_id) return refuse(reply, ErrorCode::invalid_group_id, request.member_id);
    const milliseconds session{request.session_timeout_ms};
    if (session < shortest_session_ || session > longest_session_) return refuse(reply, ErrorCode::invalid_session_timeout, request.member_id);
    if (request.protocols.empty() || request.protocol_type.empty()) return refuse(reply, ErrorCode::inconsistent_group_protocol, request.member_id);
    auto* known = get(request.group_id);
    if (!known && !request.member_id.empty()) return refuse(reply, ErrorCode::unknown_member_id, request.member_id);
    auto& group = known ? *known : make(request.group_id);
    if (!group.members.empty() && (group.protocol_type != request.protocol_type || !all_support(group, request))) {
        return refuse(reply, ErrorCode::inconsistent_group_protocol, request.member_id);
    }
    if (group.members.size() >= largest_ && !group.members.contains(std::string(request.member_id)) &&
        !(request.group_instance_id && group.instances.contains(std::string(*request.group_instance_id)))) {
        return refuse(reply, ErrorCode::group_max_size_reached, request.member_id);
    }
    if (request.group_instance_id) return join_static(group, join, reply);
    join_dynamic(group, join, reply);
    return reply;
}

JoinReply Groups::join_static(Group& group, const Join& join, const JoinReply& reply) {
    const auto& request = join.request;
    const std::string instance(*request.group_instance_id);
    const auto known = group.instances.find(instance);
    if (!request.member_id.empty()) {
        if (known == group.instances.end()) return refuse(reply, ErrorCode::unknown_member_id, request.member_id);
        if (known->second != request.member_id) return refuse(reply, ErrorCode::fenced_instance_id, request.member_id);
        rejoin(group, *group.members.at(known->second), join, reply);
        return reply;
    }
    auto id = fresh_id(instance);
    if (known == group.instances.end()) {
        rejoin(group, add(group, join, std::move(id)), join, reply);
        return reply;
    }
    // The same instance came back under a new member id: whoever still uses the old one is fenced.
    const auto old_id = known->second;
    auto node = group.members.extract(old_id);
    auto& member = *node.mapped();
    if (member.joining) refuse(std::exchange(member.joining, nullptr), ErrorCode::fenced_instance_id, old_id);
    refuse(member.syncing, ErrorCode::fenced_instance_id);
    member.id = id;
    node.key() = id;
    group.members.insert(std::move(node));
    known->second = id;
    const auto old_leader = group.leader;
    if (group.leader == old_id) group.leader = id;
    if (group.state != GroupState::stable || !same_protocols(member, request)) {
        rejoin(group, member, join, reply);
        return reply;
    }
    // Nothing about the group changes. Before v9 a leader must not believe that it has to assign, so it is told its old name.
    update(member, join);
    watch(group, member);
    save(group);
    give_current(group, member, reply);
    if (group.leader == member.id && reply->value) {
        if (join.version >= 9) reply->value->skip_assignment = true;
        else {
            reply->value->leader = old_leader;
            reply->value->members.clear();
        }
    }
    return reply;
}

void Groups::join_dynamic(Group& group, const Join& join, const JoinReply& reply) {
    const auto& request = join.request;
    if (request.member_id.empty()) {
        auto id = fresh_id(join.client_id);
        if (join.version >= 4) {   // KIP-394
            if (group.promised.size() >= most_promised) group.promised.pop_front();
            group.promised.push_back(id);
            if (group.state == GroupState::empty) arm(group, milliseconds{request.session_timeout_ms}, &Groups::promises_over);
            refuse(reply, ErrorCode::member_id_required, id);
            return;
        }
        return rejoin(group, add(group, join, std::move(id)), join, reply);
    }
    if (const auto promised = std::ranges::find(group.promised, request.member_id); promised != group.promised.end()) {
        group.promised.erase(promised);
        return rejoin(group, add(group, join, std::string(request.member_id)), join, reply);
    }
    const auto known = group.members.find(std::string(request.member_id));
    if (known == group.members.end()) {
        refuse(reply, ErrorCode::unknown_member_id, request.member_id);
        return;
    }
    rejoin(group, *known->second, join, reply);
}

Member& Groups::add(Group& group, const Join& join, std::string id) {
    auto member = std::make_unique<Member>();
    member->id = id;
    if (join.request.group_instance_id) {
        member->instance = *join.request.group_instance_id;
        group.instances[*member->instance] = id;
    }
    update(*member, join);
    if (group.members.empty()) group.protocol_type = join.request.protocol_type;
    group.newcomers = true;
    auto& added = *(group.members[std::move(id)] = std::move(member));
    watch(group, added);
    if (group.state == GroupState::stable || group.state == GroupState::completing) rebalance(group);
    return added;
}

void Groups::update(Member& member, const Join& join) {
    const auto& request = join.request;
    member.client_id = join.client_id;
    member.client_host = join.client_host;
    member.session_timeout = milliseconds{request.session_timeout_ms};
    member.rebalance_timeout = milliseconds{request.rebalance_timeout_ms > 0 ? request.rebalance_timeout_ms : request.session_timeout_ms};
    member.join_version = join.version;
    member.protocols.clear();
    for (const auto& p : request.protocols) member.protocols.emplace_back(p.name, Blob(p.metadata.begin(), p.metadata.end()));
}

// A member that is in the group asks to be in the next generation.
void Groups::rejoin(Group& group, Member& member, const Join& join, const JoinReply& reply) {
    const bool same = same_protocols(member, join.request);
    if (group.state == GroupState::stable || group.state == GroupState::completing) {
        const bool leader_asks = group.state == GroupState::stable && group.leader == member.id;
        if (same && !leader_asks) {
            update(member, join);
            sign_of_life(group, member);
            return give_current(group, member, reply);
        }
    }
    update(member, join);
    if (member.joining) refuse(std::exchange(member.joining, nullptr), ErrorCode::unknown_member_id, member.id);   // a request overtaken by its successor
    member.joining = reply;
    sign_of_life(group, member);
    if (group.state != GroupState::preparing) rebalance(group);
    else if (group.initial_until == Time{}) all_joined(group);
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
    if (std::exchange(group.newcomers, false) && left.count() > 0) return arm(group, std::min(initial_delay_, left), &Groups::initial_delay_over);
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
        return save(group);
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
            answer.members.push_back({.member_id = id, .group_instance_id = other->instance, .metadata = metadata ? *metadata : Blob{}});
        }
    }
    reply->give(std::move(answer));
}

bool Groups::all_support(const Group& group, const JoinGroupRequest& request) const {
    return std::ranges::any_of(request.protocols, [&](const auto& p) {
        return std::ranges::all_of(group.members, [&](const auto& m) {
            return m.first == request.member_id || metadata_for(*m.second, p.name) != nullptr;
        });
    });
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
        save(*group);
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

// ---- signs of life ----

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

ErrorCode Groups::heartbeat(std::string_view id, std::string_view name, std::optional<std::string_view> instance, std::int32_t generation) {
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
    member.expiry = Timer{clock(), clock().at(Clock::Line::live, member.alive_until, std::move(look))};
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

ErrorCode Groups::remove(std::string_view id) {
    auto* group = get(id);
    if (!group) return ErrorCode::group_id_not_found;
    if (group->state != GroupState::empty) return ErrorCode::non_empty_group;
    std::vector<Partition> committed;
    for (const auto& [partition, offset] : group->offsets) committed.push_back(partition);
    for (const auto& partition : committed) commit(id, partition, {});
    engine_.put(world_, "kafka/group/" + group->id, {});
    groups_.erase(std::string(id));
    return ErrorCode::none;
}

// ---- timers and subscriptions ----

milliseconds Groups::longest_rebalance(const Group& group) const {
    milliseconds longest{0};
    for (const auto& [id, member] : group.members) longest = std::max(longest, member->rebalance_timeout);
    return longest;
}

void Groups::arm(Group& group, milliseconds span, void (Groups::*then)(Group&)) {
    auto fire = [this, id = group.id, then] {
        if (auto* g = get(id)) (this->*then)(*g);
    };
    group.rebalance = Timer{clock(), clock().within_live(span, std::move(fire))};
}

bool Groups::subscribed(const Group& group, std::string_view topic) const {
    if (group.protocol_type != "consumer") return false;
    for (const auto& [id, member] : group.members) {
        const auto* metadata = metadata_for(*member, group.protocol);
        if (!metadata || metadata->size() < 2) continue;
        Reader version{Bytes{*metadata}};
        const int written = version.integer<std::int16_t>();
        Arena arena;
        ConsumerProtocolSubscription subscription;
        if (written < 0 || !decode(version.rest(), std::min<int>(written, ConsumerProtocolSubscription::api.max), arena, subscription)) continue;
        if (std::ranges::find(subscription.topics, topic) != subscription.topics.end()) return true;
    }
    return false;
}

void Groups::resharded(streams::Stream& stream, streams::Shard& shard) {
    for (auto& [id, group] : groups_) {
        if (!subscribed(*group, stream.name)) continue;
        // Its members may have read nothing of the parent yet; what the children got since then must not be missed.
        for (const auto child : shard.children) {
            if (!group->offsets.contains({stream.topic_id, child})) commit(id, {stream.topic_id, child}, {.offset = 0, .leader_epoch = -1, .metadata = {}});
        }
        if (group->state == GroupState::stable || group->state == GroupState::completing) rebalance(*group);
    }
}

}  // namespace sluice::kafka
