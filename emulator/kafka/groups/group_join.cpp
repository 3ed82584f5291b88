// Who comes into a group: new members by KIP-394's two steps, static ones by their instance (KIP-345), and members of this
// generation that ask for the next one. Codes and order of checks as seen on Kafka 4.4.0.
#include "emulator/kafka/groups/group_states.h"

namespace sluice::kafka {

namespace {

bool same_protocols(const Member& member, const JoinGroupRequest& request) {
    return std::ranges::equal(member.protocols, request.protocols, [](const auto& a, const auto& b) {
        return a.first == b.name && std::ranges::equal(a.second, b.metadata);
    });
}

// A protocol that every member, this one included, can speak.
bool all_support(const Group& group, const JoinGroupRequest& request) {
    return std::ranges::any_of(request.protocols, [&](const auto& p) {
        return std::ranges::all_of(group.members, [&](const auto& m) {
            return m.first == request.member_id || metadata_for(*m.second, p.name) != nullptr;
        });
    });
}

}   // namespace

std::string Groups::fresh_id(std::string_view prefix) {
    return std::string(prefix) + "-" + Random::uuid_text(engine_.random().uuid());
}

JoinReply Groups::join(const Join& join) {
    const auto& request = join.request;
    auto reply = std::make_shared<Reply<JoinGroupResponse>>();
    if (request.group_id.empty() || request.group_id.size() > longest_id)
        return refuse(reply, ErrorCode::invalid_group_id, request.member_id);
    const milliseconds session{request.session_timeout_ms};
    if (session < shortest_session_ || session > longest_session_)
        return refuse(reply, ErrorCode::invalid_session_timeout, request.member_id);
    if (request.protocols.empty() || request.protocol_type.empty())
        return refuse(reply, ErrorCode::inconsistent_group_protocol, request.member_id);
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
        if (join.version >= 9)
            reply->value->skip_assignment = true;
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
    member.rebalance_timeout =
        milliseconds{request.rebalance_timeout_ms > 0 ? request.rebalance_timeout_ms : request.session_timeout_ms};
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
    if (member.joining)
        refuse(std::exchange(member.joining, nullptr), ErrorCode::unknown_member_id,
               member.id);   // a request overtaken by its successor
    member.joining = reply;
    sign_of_life(group, member);
    if (group.state != GroupState::preparing)
        rebalance(group);
    else if (group.initial_until == Time{})
        all_joined(group);
}

}   // namespace sluice::kafka
