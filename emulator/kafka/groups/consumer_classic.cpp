// Members of the classic protocol in a consumer group, while its members move from one protocol to the other (KIP-848): a
// JoinGroup is their heartbeat with all they have to say, a SyncGroup tells what they own, and a Heartbeat tells them to join
// again. Assignors of theirs do nothing; the server assigns.
#include <algorithm>

#include "emulator/kafka/groups/consumer_membership.h"
#include "emulator/kafka/groups/owned.h"
#include "protocol/kafka/messages/consumer_protocol.h"

namespace sluice::kafka {

namespace {

template <class Message>
bool read_protocol(Bytes bytes, Arena& arena, Message& message, std::int16_t& version) {
    if (bytes.size() < 2) return false;
    Reader head{bytes};
    version = head.integer<std::int16_t>();
    return version >= 0 && decode(head.rest(), std::min<int>(version, Message::api.max), arena, message);
}

bool shares_protocol(const ClassicPart& a, const std::vector<std::pair<std::string, Blob>>& protocols) {
    return std::ranges::any_of(protocols, [&](const auto& p) {
        return std::ranges::any_of(a.protocols, [&](const auto& q) { return p.first == q.first; });
    });
}

}   // namespace

JoinGroupResponse ConsumerMembership::join_classic(const Around& around, const Join& join, const std::string& fresh) {
    const auto& request = join.request;
    std::vector<std::pair<std::string, Blob>> protocols;
    for (const auto& p : request.protocols) protocols.emplace_back(p.name, Blob(p.metadata.begin(), p.metadata.end()));
    Arena arena;
    ConsumerProtocolSubscription subscription;
    std::int16_t version = 0;
    if (request.protocol_type != "consumer" || protocols.empty() ||
        !read_protocol(Bytes{protocols.front().second}, arena, subscription, version) ||
        !std::ranges::all_of(members_, [&](const auto& m) {
            return !m.second.classic || m.first == request.member_id || shares_protocol(*m.second.classic, protocols);
        }))
        return refused_join(ErrorCode::inconsistent_group_protocol, request.member_id);
    std::string id(request.member_id);
    if (request.group_instance_id) {
        const auto holder = instances_.find(*request.group_instance_id);
        if (holder != instances_.end() && !id.empty() && holder->second != id)
            return refused_join(ErrorCode::fenced_instance_id, id);
        if (id.empty()) id = fresh;
        if (holder != instances_.end() && holder->second != id) replace(std::string(holder->second), id);
    } else if (id.empty()) {
        if (join.version >= 4) return refused_join(ErrorCode::member_id_required, fresh);   // KIP-394
        id = fresh;
    }
    const bool known = members_.contains(id);
    if (!known && members_.size() >= around.rules.largest) return refused_join(ErrorCode::group_max_size_reached, id);
    auto& member = members_[id];
    const auto before = member;
    member.id = id;
    if (request.group_instance_id) {
        member.instance = std::string(*request.group_instance_id);
        instances_[*member.instance] = id;
    }
    if (member.away()) member.epoch = member.previous_epoch = 0;
    member.client_id = join.client_id;
    member.client_host = join.client_host;
    member.rebalance_timeout =
        milliseconds{request.rebalance_timeout_ms >= 0 ? request.rebalance_timeout_ms : request.session_timeout_ms};
    std::set<std::string, std::less<>> names;
    for (const auto topic : subscription.topics) names.emplace(topic);
    const bool other = names != member.names;
    member.names = std::move(names);
    member.classic = ClassicPart{milliseconds{request.session_timeout_ms}, std::move(protocols)};
    sessions_.set(id, around.now + member.classic->session);
    if (other || !known) look_up(around, false);
    if (other) bump(around);
    assign_if_due(around);
    OwnedList<streams::Uuid> owned;
    if (subscription.generation_id == -1 || subscription.generation_id == member.epoch)
        for (const auto& topic : subscription.owned_partitions)
            if (const auto size = around.topics.find(topic.topic)) owned.add(size->id, topic.partitions);
    rebalances_.erase(id);
    reconcile(around, member, owned.take());
    if (member != before || !known) changes_.members.insert(id);
    JoinGroupResponse told;
    told.generation_id = member.epoch;
    told.protocol_type = "consumer";
    told.protocol_name = member.classic->protocols.front().first;
    told.member_id = id;
    return told;
}

ConsumerMember* ConsumerMembership::classic_member(std::string_view id, std::optional<std::string_view> instance,
                                                   ErrorCode& code) {
    if (instance) {
        const auto holder = instances_.find(*instance);
        code = holder == instances_.end() ? ErrorCode::unknown_member_id : ErrorCode::fenced_instance_id;
        if (holder == instances_.end() || holder->second != id) return nullptr;
    }
    const auto found = members_.find(id);
    code = found == members_.end() || !found->second.classic ? ErrorCode::unknown_member_id : ErrorCode::none;
    return code == ErrorCode::none ? &found->second : nullptr;
}

SyncGroupResponse ConsumerMembership::sync_classic(const Around& around, const SyncGroupRequest& request) {
    ErrorCode code{};
    const auto* member = classic_member(request.member_id, request.group_instance_id, code);
    if (!member) return refused_sync(code);
    if (request.generation_id != member->epoch) return refused_sync(ErrorCode::illegal_generation);
    const auto& protocol = member->classic->protocols.front().first;
    if ((request.protocol_type && *request.protocol_type != "consumer") ||
        (request.protocol_name && *request.protocol_name != protocol))
        return refused_sync(ErrorCode::inconsistent_group_protocol);
    if (member->epoch < epoch_ && member->place != ConsumerMember::Place::unrevoked) {
        if (!rebalances_.has(member->id)) rebalances_.set(member->id, around.now + member->rebalance_timeout);
        return refused_sync(ErrorCode::rebalance_in_progress);
    }
    SyncGroupResponse told;
    told.protocol_type = "consumer";
    told.protocol_name = protocol;
    told.assignment = classic_assignment(*member);
    return told;
}

// What a classic member is told to own: topics by name, in the version in which it spoke itself.
Blob ConsumerMembership::classic_assignment(const ConsumerMember& member) const {
    Reader head{Bytes{member.classic->protocols.front().second}};
    const auto version = std::clamp<std::int16_t>(head.integer<std::int16_t>(), 0, ConsumerProtocolAssignment::api.max);
    std::vector<ConsumerProtocolAssignment::Topic> topics;
    for (const auto& [name, size] : sizes_)
        if (const auto owned = member.assigned.find(size.id); owned != member.assigned.end())
            topics.push_back({.topic = name, .partitions = owned->second});
    ConsumerProtocolAssignment assignment;
    assignment.assigned_partitions = topics;
    auto body = encode(assignment, version);
    Blob out{static_cast<std::byte>(version >> 8), static_cast<std::byte>(version & 0xff)};
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

ErrorCode ConsumerMembership::heartbeat_classic(const Around& around, std::string_view id,
                                                std::optional<std::string_view> instance, std::int32_t generation) {
    ErrorCode code{};
    auto* member = classic_member(id, instance, code);
    if (!member) return code;
    if (generation != member->epoch) return ErrorCode::illegal_generation;
    sessions_.set(id, around.now + member->classic->session);
    if (member->place != ConsumerMember::Place::unrevoked && next_of(*member, std::nullopt) == *member) return ErrorCode::none;
    if (!rebalances_.has(id)) rebalances_.set(id, around.now + member->rebalance_timeout);
    return ErrorCode::rebalance_in_progress;
}

ErrorCode ConsumerMembership::leave_classic(const Around& around, std::string_view id, std::optional<std::string_view> instance) {
    std::string name(id);
    if (instance && id.empty())
        if (const auto holder = instances_.find(*instance); holder != instances_.end()) name = holder->second;
    ErrorCode code = ErrorCode::unknown_member_id;
    if (instance) {
        const auto holder = instances_.find(*instance);
        if (holder != instances_.end() && holder->second != name) return ErrorCode::fenced_instance_id;
    }
    if (!members_.contains(name)) return code;
    drop(name);
    look_up(around, false);
    bump(around);
    return ErrorCode::none;
}

// ---- from one protocol to the other ----

bool ConsumerMembership::all_classic() const {
    return !members_.empty() && std::ranges::all_of(members_, [](const auto& m) { return m.second.classic.has_value(); });
}

bool consumers_can_be_read(const StoredGroup& group) {
    return std::ranges::all_of(group.members, [](const auto& member) {
        Arena arena;
        ConsumerProtocolSubscription subscription;
        ConsumerProtocolAssignment assignment;
        std::int16_t version = 0;
        return !member.protocols.empty() &&
               read_protocol(Bytes{member.protocols.front().metadata}, arena, subscription, version) &&
               (member.assignment.empty() || read_protocol(Bytes{member.assignment}, arena, assignment, version));
    });
}

void ConsumerMembership::adopt(const StoredGroup& group, const Around& around) {
    epoch_ = assignment_epoch_ = std::max(group.generation, 1);
    for (const auto& stored : group.members) {
        auto& member = members_[stored.id];
        member.id = stored.id;
        member.instance = stored.instance;
        if (member.instance) instances_[*member.instance] = member.id;
        member.client_id = stored.client_id;
        member.client_host = stored.client_host;
        member.epoch = member.previous_epoch = epoch_;
        member.rebalance_timeout = milliseconds{stored.rebalance_timeout_ms};
        ClassicPart classic{milliseconds{stored.session_timeout_ms}, {}};
        for (const auto& protocol : stored.protocols) classic.protocols.emplace_back(protocol.name, protocol.metadata);
        Arena arena;
        ConsumerProtocolSubscription subscription;
        ConsumerProtocolAssignment assignment;
        std::int16_t version = 0;
        if (!classic.protocols.empty() && read_protocol(Bytes{classic.protocols.front().second}, arena, subscription, version))
            for (const auto topic : subscription.topics) member.names.emplace(topic);
        if (read_protocol(Bytes{stored.assignment}, arena, assignment, version))
            for (const auto& topic : assignment.assigned_partitions)
                if (const auto size = around.topics.find(topic.topic))
                    for (const auto partition : topic.partitions)
                        if (!owners_.contains({size->id, partition})) assignments::add(member.assigned, size->id, partition);
        member.target = member.assigned;
        member.classic = std::move(classic);
        own(member);
        sessions_.set(member.id, around.now + member.classic->session);
        changes_.members.insert(member.id);
    }
    changes_.group = true;
    look_up(around, true);
}

StoredGroup ConsumerMembership::to_classic() const {
    StoredGroup group;
    group.generation = epoch_;
    group.protocol_type = "consumer";
    for (const auto& [id, m] : members_) {
        if (group.leader.empty()) group.leader = id;
        if (group.protocol.empty()) group.protocol = m.classic->protocols.front().first;
        auto& member = group.members.emplace_back();
        member.id = id;
        member.instance = m.instance;
        member.client_id = m.client_id;
        member.client_host = m.client_host;
        member.session_timeout_ms = static_cast<std::int32_t>(m.classic->session.count());
        member.rebalance_timeout_ms = static_cast<std::int32_t>(m.rebalance_timeout.count());
        member.assignment = classic_assignment(m);
        for (const auto& [name, metadata] : m.classic->protocols) member.protocols.push_back({name, metadata});
    }
    return group;
}

}   // namespace sluice::kafka
