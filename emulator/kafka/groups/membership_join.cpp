// Who comes into a group: new members by KIP-394's two steps, static ones by their instance (KIP-345), and members of this
// generation that ask for the next one.
#include <algorithm>

#include "emulator/kafka/groups/membership.h"

namespace sluice::kafka {

namespace {

bool same_protocols(const Member& member, const JoinGroupRequest& request) {
    return std::ranges::equal(member.protocols, request.protocols, [](const auto& a, const auto& b) {
        return a.first == b.name && std::ranges::equal(a.second, b.metadata);
    });
}

}   // namespace

// Kafka counts who waits while joins are gathered, so that a group above its bound sheds those who come last.
bool Membership::has_room(std::string_view id, std::optional<std::string_view> instance) {
    if (state_ == GroupState::empty) return true;
    const auto known = members_.find(id);
    if (instance && instances_.contains(*instance)) return true;
    if (state_ != GroupState::preparing) return known != members_.end() || members_.size() < rules_.largest;
    if (known != members_.end() && known->second.joining) return true;
    const auto waiting = std::ranges::count_if(members_, [](const auto& m) { return m.second.joining != 0; });
    return static_cast<std::size_t>(waiting) < rules_.largest;
}

// A protocol that every member knows. The one who asks is among them with what it said before, as in Kafka: a sole member that
// knows another protocol only is refused.
bool Membership::supports(const JoinGroupRequest& request) const {
    if (state_ == GroupState::empty) return true;
    return protocol_type_ == request.protocol_type && std::ranges::any_of(request.protocols, [&](const auto& p) {
               return std::ranges::all_of(members_, [&](const auto& m) { return metadata_for(m.second, p.name) != nullptr; });
           });
}

Decision Membership::join(Time now, const Join& join, std::string fresh, Parked who) {
    Decision out;
    const auto& request = join.request;
    const auto refuse = [&](ErrorCode code, std::string_view id) {
        out.joins.emplace_back(who, refused_join(code, id));
        return std::move(out);
    };
    if (!has_room(request.member_id, request.group_instance_id)) {
        if (const auto known = members_.find(request.member_id); known != members_.end()) drop(known->first, out);
        return refuse(ErrorCode::group_max_size_reached, request.member_id);
    }
    if (!supports(request)) return refuse(ErrorCode::inconsistent_group_protocol, request.member_id);
    if (!request.member_id.empty()) {
        join_known(now, join, who, out);
    } else if (request.group_instance_id) {
        if (instances_.contains(*request.group_instance_id))
            replace(now, join, std::move(fresh), who, out);
        else
            enter(now, join, std::move(fresh), who, out);
    } else if (join.version >= 4) {   // KIP-394
        if (promised_.size() >= most_promised) promised_.pop_front();
        promised_.push_back({fresh, now + milliseconds{request.session_timeout_ms}, true});
        return refuse(ErrorCode::member_id_required, fresh);
    } else {
        enter(now, join, std::move(fresh), who, out);
    }
    return out;
}

void Membership::join_known(Time now, const Join& join, Parked who, Decision& out) {
    const auto& request = join.request;
    if (const auto promised = std::ranges::find(promised_, request.member_id, &Promise::id);
        promised != promised_.end() && !request.group_instance_id) {
        promised_.erase(promised);
        return enter(now, join, std::string(request.member_id), who, out);
    }
    ErrorCode code{};
    auto* member = member_of(request.member_id, request.group_instance_id, code);
    if (!member) {
        out.joins.emplace_back(who, refused_join(code, request.member_id));
        return;
    }
    const bool leads = state_ == GroupState::stable && leader_ == member->id;
    if (state_ != GroupState::preparing && !leads && same_protocols(*member, request)) {
        // It may have missed the answer to its join: it is told again what generation this is.
        member->alive_until = now + member->session_timeout;
        return give_current(*member, who, out);
    }
    update(now, *member, join);
    if (const auto before = std::exchange(member->joining, who))   // a request overtaken by its successor
        out.joins.emplace_back(before, refused_join(ErrorCode::unknown_member_id, member->id));
    rebalance_or_complete(now, out);
}

void Membership::enter(Time now, const Join& join, std::string id, Parked who, Decision& out) {
    if (members_.empty()) protocol_type_ = join.request.protocol_type;
    auto& member = members_[id];
    member.id = id;
    if (join.request.group_instance_id) {
        member.instance = *join.request.group_instance_id;
        instances_[*member.instance] = id;
    }
    update(now, member, join);
    member.joining = who;
    newcomers_ = true;
    rebalance_or_complete(now, out);
}

void Membership::update(Time now, Member& member, const Join& join) {
    const auto& request = join.request;
    member.client_id = join.client_id;
    member.client_host = join.client_host;
    member.session_timeout = milliseconds{request.session_timeout_ms};
    member.rebalance_timeout =
        milliseconds{request.rebalance_timeout_ms > 0 ? request.rebalance_timeout_ms : request.session_timeout_ms};
    member.protocols.clear();
    for (const auto& p : request.protocols) member.protocols.emplace_back(p.name, Blob(p.metadata.begin(), p.metadata.end()));
    member.alive_until = now + member.session_timeout;
}

Member& Membership::rename(const std::string& old_id, std::string id) {
    auto node = members_.extract(old_id);
    auto& member = node.mapped();
    member.id = id;
    node.key() = id;
    if (member.instance) instances_[*member.instance] = id;
    if (leader_ == old_id) leader_ = id;
    members_.insert(std::move(node));
    return member;
}

// A known instance came without a member id: it was started again, and whoever still uses its old id is fenced. In Stable
// nothing changes for the others when the protocol stays. In CompletingRebalance the leader may be assigning to the old id,
// so there has to be a new generation (KAFKA-9801).
void Membership::replace(Time now, const Join& join, std::string fresh, Parked who, Decision& out) {
    const auto old_id = instances_.find(*join.request.group_instance_id)->second;
    const auto old_leader = leader_;
    auto& member = rename(old_id, std::move(fresh));
    if (const auto waiting = std::exchange(member.joining, who))
        out.joins.emplace_back(waiting, refused_join(ErrorCode::fenced_instance_id, old_id));
    if (const auto waiting = std::exchange(member.syncing, 0))
        out.syncs.emplace_back(waiting, refused_sync(ErrorCode::fenced_instance_id));
    auto before = member;
    update(now, member, join);
    if (state_ != GroupState::stable || select_protocol() != protocol_) return rebalance_or_complete(now, out);
    out.store = ++stores_;
    replaced_.emplace(out.store, Replaced{member.id, old_id, old_leader, std::move(before), join.version});
}

// Before v9 a leader must not believe that it has to assign, so it is told its old name.
void Membership::replacement_stored(Time now, Replaced replaced, bool well, Decision& out) {
    const auto found = members_.find(replaced.id);
    if (found == members_.end() || state_ != GroupState::stable || !found->second.joining) return;
    auto& member = found->second;
    const auto who = std::exchange(member.joining, 0);
    member.alive_until = now + member.session_timeout;
    if (!well) {
        auto& old = rename(replaced.id, replaced.old_id);
        replaced.before.id = replaced.old_id;
        replaced.before.joining = 0;
        replaced.before.alive_until = old.alive_until;
        old = std::move(replaced.before);
        out.joins.emplace_back(who, refused_join(ErrorCode::coordinator_not_available, ""));
        return;
    }
    auto answer = current_for(member);
    if (leader_ == member.id) {
        if (replaced.version >= 9) {
            answer.skip_assignment = true;
        } else {
            answer.leader = replaced.old_leader;
            answer.members.clear();
        }
    }
    out.joins.emplace_back(who, std::move(answer));
}

}   // namespace sluice::kafka
