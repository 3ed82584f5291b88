// The rebalances of a group: when one begins, whom it waits for, and what a generation is given. Who comes and who stays is in
// membership_join.cpp and membership_stay.cpp. Followers learn of a rebalance from their heartbeat (27), so one lasts at
// least until the slowest member's next heartbeat.
#include "emulator/kafka/groups/membership.h"

#include <algorithm>
#include <limits>

namespace sluice::kafka {

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

const Blob* metadata_for(const Member& member, std::string_view protocol) {
    const auto found = std::ranges::find(member.protocols, protocol, [](const auto& p) -> std::string_view { return p.first; });
    return found == member.protocols.end() ? nullptr : &found->second;
}

JoinGroupResponse refused_join(ErrorCode code, std::string_view member) {
    JoinGroupResponse answer;
    answer.error_code = code;
    answer.member_id = member;
    return answer;
}

SyncGroupResponse refused_sync(ErrorCode code) {
    SyncGroupResponse answer;
    answer.error_code = code;
    return answer;
}

milliseconds Membership::longest_rebalance() const {
    milliseconds longest{0};
    for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
    return longest;
}

void Membership::rebalance_or_complete(Time now, Decision& out) {
    if (state_ != GroupState::preparing)
        rebalance(now, out);
    else if (!initial_)
        complete_if_all_joined(now, out);
}

void Membership::rebalance(Time now, Decision& out) {
    const bool first = state_ == GroupState::empty;
    for (auto& [id, member] : members_) {
        if (const auto who = std::exchange(member.syncing, 0)) {
            out.syncs.emplace_back(who, refused_sync(ErrorCode::rebalance_in_progress));
            member.alive_until = now + member.session_timeout;
        }
        member.synced = false;
    }
    assigning_ = 0;
    state_ = GroupState::preparing;
    if (first) {
        if (rules_.initial_delay.count() <= 0) return complete(now, out);
        initial_ = true;
        newcomers_ = false;
        initial_left_ = std::max(longest_rebalance() - rules_.initial_delay, milliseconds{0});
        return start_wait(rules_.initial_delay);
    }
    start_wait(longest_rebalance());
    complete_if_all_joined(now, out);
}

void Membership::complete_if_all_joined(Time now, Decision& out) {
    if (std::ranges::any_of(promised_, &Promise::awaited)) return;
    if (std::ranges::all_of(members_, [](const auto& m) { return m.second.joining != 0; })) complete(now, out);
}

// Dynamic members that did not come are out. Static ones keep their place while somebody else came; when nobody came, the
// group goes on waiting in the same generation.
void Membership::complete(Time now, Decision& out) {
    std::vector<std::string> late;
    for (const auto& [id, member] : members_) {
        if (!member.joining && !member.instance) late.push_back(id);
    }
    for (const auto& id : late) drop(id, out);
    initial_ = false;
    const auto came = std::ranges::find_if(members_, [](const auto& m) { return m.second.joining != 0; });
    if (came == members_.end() && !members_.empty()) return start_wait(longest_rebalance());

    stop_wait();
    generation_ = generation_ == std::numeric_limits<std::int32_t>::max() ? 1 : generation_ + 1;
    replaced_.clear();
    if (members_.empty()) {
        state_ = GroupState::empty;
        protocol_.clear();
        leader_.clear();
        out.store = ++stores_;
        return;
    }
    protocol_ = select_protocol();
    const auto leader = members_.find(leader_);
    if (leader == members_.end() || !leader->second.joining) leader_ = came->first;
    state_ = GroupState::completing;
    start_wait(longest_rebalance());   // for the syncs
    for (auto& [id, member] : members_) {
        member.assignment.clear();
        member.alive_until = now + member.session_timeout;
    }
    for (auto& [id, member] : members_) {
        if (const auto who = std::exchange(member.joining, 0)) give_current(member, who, out);
    }
}

Decision Membership::wait_over(Time now) {
    Decision out;
    stop_wait();
    if (state_ == GroupState::preparing) {
        if (initial_ && std::exchange(newcomers_, false) && initial_left_.count() > 0) {
            const auto span = std::min(rules_.initial_delay, initial_left_);
            initial_left_ -= span;
            start_wait(span);
        } else {
            complete(now, out);
        }
        return out;
    }
    // Kafka drops members, static ones too, that joined a generation and never asked for their part of it.
    std::vector<std::string> late;
    for (const auto& [id, member] : members_) {
        if (!member.synced) late.push_back(id);
    }
    for (const auto& id : late) drop(id, out);
    if (!late.empty()) after_drop(now, out);
    return out;
}

Decision Membership::reassign(Time now) {
    Decision out;
    if (state_ == GroupState::stable || state_ == GroupState::completing) rebalance(now, out);
    return out;
}

JoinGroupResponse Membership::current_for(const Member& member) const {
    JoinGroupResponse answer;
    answer.generation_id = generation_;
    answer.protocol_type = protocol_type_;
    answer.protocol_name = protocol_;
    answer.leader = leader_;
    answer.member_id = member.id;
    if (leader_ != member.id) return answer;
    for (const auto& [id, other] : members_) {
        const auto* metadata = metadata_for(other, protocol_);
        answer.members.push_back(
            {.member_id = id, .group_instance_id = other.instance, .metadata = metadata ? *metadata : Blob{}});
    }
    return answer;
}

void Membership::give_current(Member& member, Parked who, Decision& out) const {
    out.joins.emplace_back(who, current_for(member));
}

// Each member votes for the first of its protocols that all support.
std::string Membership::select_protocol() const {
    std::map<std::string, int> votes;
    for (const auto& [id, member] : members_) {
        for (const auto& [name, metadata] : member.protocols) {
            const auto knows = [&](const auto& m) { return metadata_for(m.second, name) != nullptr; };
            if (!std::ranges::all_of(members_, knows)) continue;
            ++votes[name];
            break;
        }
    }
    const auto best = std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; });
    return best == votes.end() ? std::string{} : best->first;
}

// ---- assigning ----

Decision Membership::sync(Time now, const SyncGroupRequest& request, Parked who) {
    Decision out;
    const auto refuse = [&](ErrorCode code) {
        out.syncs.emplace_back(who, refused_sync(code));
        return std::move(out);
    };
    ErrorCode code{};
    auto* member = member_of(request.member_id, request.group_instance_id, code);
    if (!member) return refuse(code);
    if (request.generation_id != generation_) return refuse(ErrorCode::illegal_generation);
    if ((request.protocol_type && *request.protocol_type != protocol_type_) ||
        (request.protocol_name && *request.protocol_name != protocol_)) {
        return refuse(ErrorCode::inconsistent_group_protocol);
    }
    if (state_ == GroupState::preparing) return refuse(ErrorCode::rebalance_in_progress);
    if (const auto before = std::exchange(member->syncing, who))   // a request overtaken by its successor
        out.syncs.emplace_back(before, refused_sync(ErrorCode::unknown_member_id));
    member->synced = true;
    if (state_ == GroupState::stable) {
        give_assignment(now, *member, out);
        if (std::ranges::all_of(members_, [](const auto& m) { return m.second.synced; })) stop_wait();
    } else if (leader_ == member->id) {
        for (auto& [id, one] : members_) one.assignment.clear();
        for (const auto& given : request.assignments) {
            if (const auto found = members_.find(given.member_id); found != members_.end())
                found->second.assignment.assign(given.assignment.begin(), given.assignment.end());
        }
        out.store = assigning_ = ++stores_;
    }
    return out;
}

void Membership::give_assignment(Time now, Member& member, Decision& out) {
    SyncGroupResponse answer;
    answer.protocol_type = protocol_type_;
    answer.protocol_name = protocol_;
    answer.assignment = member.assignment;
    member.alive_until = now + member.session_timeout;
    out.syncs.emplace_back(std::exchange(member.syncing, 0), std::move(answer));
}

// An assignment is given out when it is stored, so that it outlives the server; when it could not be, all join again.
void Membership::assignment_stored(Time now, bool well, Decision& out) {
    if (state_ != GroupState::completing) return;
    if (!well) {
        for (auto& [id, member] : members_) {
            member.assignment.clear();
            if (const auto who = std::exchange(member.syncing, 0)) {
                out.syncs.emplace_back(who, refused_sync(ErrorCode::coordinator_not_available));
                member.alive_until = now + member.session_timeout;
            }
        }
        return rebalance(now, out);
    }
    state_ = GroupState::stable;
    for (auto& [id, member] : members_) {
        if (member.syncing) give_assignment(now, member, out);
    }
    if (std::ranges::all_of(members_, [](const auto& m) { return m.second.synced; })) stop_wait();
}

Decision Membership::stored(Time now, std::uint64_t number, bool well) {
    Decision out;
    if (number == assigning_) {
        assigning_ = 0;
        assignment_stored(now, well, out);
    } else if (auto replaced = replaced_.extract(number)) {
        replacement_stored(now, std::move(replaced.mapped()), well, out);
    }
    return out;
}

}   // namespace sluice::kafka
