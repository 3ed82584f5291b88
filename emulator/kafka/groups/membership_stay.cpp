// Who stays in a group and who goes: signs of life and sessions that run out, leaving, and connections that end while a
// request of theirs waits.
#include <algorithm>

#include "emulator/kafka/groups/membership.h"

namespace sluice::kafka {

Member* Membership::member_of(std::string_view id, std::optional<std::string_view> instance, ErrorCode& code) {
    if (instance) {
        const auto known = instances_.find(*instance);
        code = known == instances_.end() ? ErrorCode::unknown_member_id : ErrorCode::fenced_instance_id;
        if (known == instances_.end() || known->second != id) return nullptr;
    }
    const auto found = members_.find(id);
    code = found == members_.end() ? ErrorCode::unknown_member_id : ErrorCode::none;
    return found == members_.end() ? nullptr : &found->second;
}

ErrorCode Membership::heartbeat(Time now, std::string_view id, std::optional<std::string_view> instance,
                                std::int32_t generation) {
    ErrorCode code{};
    auto* member = member_of(id, instance, code);
    if (!member) return code;
    if (generation != generation_) return ErrorCode::illegal_generation;
    member->alive_until = now + member->session_timeout;
    return state_ == GroupState::preparing ? ErrorCode::rebalance_in_progress : ErrorCode::none;
}

// An empty group takes commits from outside, whatever member or instance they name: who assigns itself partitions commits so.
// Until a generation has its assignment its members cannot commit.
ErrorCode Membership::may_commit(Time now, std::string_view id, std::optional<std::string_view> instance,
                                 std::int32_t generation) {
    if (generation < 0 && state_ == GroupState::empty) return ErrorCode::none;
    if (generation < 0 && id.empty() && !instance) return ErrorCode::unknown_member_id;
    ErrorCode code{};
    auto* member = member_of(id, instance, code);
    if (!member) return code;
    if (generation != generation_) return ErrorCode::illegal_generation;
    if (state_ == GroupState::completing) return ErrorCode::rebalance_in_progress;
    member->alive_until = now + member->session_timeout;
    return ErrorCode::none;
}

Decision Membership::leave(Time now, std::string_view id, std::optional<std::string_view> instance) {
    Decision out;
    if (const auto promised = std::ranges::find(promised_, id, &Promise::id); promised != promised_.end()) {
        promised_.erase(promised);
        after_promise(now, out);
        return out;
    }
    std::string name(id);
    if (instance && id.empty()) {
        if (const auto known = instances_.find(*instance); known != instances_.end()) name = known->second;
    }
    if (!member_of(name, instance, out.code)) return out;
    drop(name, out);
    after_drop(now, out);
    return out;
}

// Kafka does not see a connection end and lets the others wait for its member; here nobody does.
Decision Membership::gone(Time now, Parked who) {
    Decision out;
    const auto found =
        std::ranges::find_if(members_, [&](const auto& m) { return m.second.joining == who || m.second.syncing == who; });
    if (found == members_.end()) return out;
    auto& member = found->second;
    const bool joined = std::exchange(member.joining, 0) == who;
    member.syncing = 0;
    member.alive_until = now + member.session_timeout;
    if (!joined || member.instance) return out;
    if (promised_.size() >= most_promised) promised_.pop_front();
    promised_.push_back({member.id, member.alive_until, false});
    drop(member.id, out);
    after_drop(now, out);
    return out;
}

std::optional<Time> Membership::next_session() const {
    std::optional<Time> next;
    const auto consider = [&](Time at) { next = next ? std::min(*next, at) : at; };
    for (const auto& [id, member] : members_) {
        if (!member.waits()) consider(member.alive_until);
    }
    for (const auto& promise : promised_) consider(promise.until);
    return next;
}

Decision Membership::sessions_over(Time now) {
    Decision out;
    const auto broken = std::erase_if(promised_, [&](const auto& promise) { return promise.until <= now; });
    std::vector<std::string> late;
    for (const auto& [id, member] : members_) {
        if (!member.waits() && member.alive_until <= now) late.push_back(id);
    }
    for (const auto& id : late) drop(id, out);
    if (!late.empty())
        after_drop(now, out);
    else if (broken > 0)
        after_promise(now, out);
    return out;
}

void Membership::drop(const std::string& id, Decision& out) {
    auto node = members_.extract(id);
    auto& member = node.mapped();
    if (member.joining) out.joins.emplace_back(member.joining, refused_join(ErrorCode::unknown_member_id, id));
    if (member.syncing) out.syncs.emplace_back(member.syncing, refused_sync(ErrorCode::unknown_member_id));
    if (member.instance) instances_.erase(*member.instance);
}

void Membership::after_drop(Time now, Decision& out) {
    if (state_ == GroupState::empty) return;
    if (members_.empty() && state_ == GroupState::preparing && generation_ == 0) {   // it never became anything
        stop_wait();
        initial_ = false;
        state_ = GroupState::empty;
        return;
    }
    rebalance_or_complete(now, out);
}

void Membership::after_promise(Time now, Decision& out) {
    if (state_ == GroupState::preparing) rebalance_or_complete(now, out);
}

Decision Membership::dissolve() {
    Decision out;
    while (!members_.empty()) drop(std::string(members_.begin()->first), out);
    promised_.clear();
    stop_wait();
    state_ = GroupState::empty;
    return out;
}

// ---- kept over a restart ----

StoredGroup Membership::to_store() const {
    StoredGroup stored{
        .generation = generation_, .protocol_type = protocol_type_, .protocol = protocol_, .leader = leader_, .members = {}};
    for (const auto& [id, m] : members_) {
        auto& member = stored.members.emplace_back();
        member.id = id;
        member.instance = m.instance;
        member.client_id = m.client_id;
        member.client_host = m.client_host;
        member.session_timeout_ms = static_cast<std::int32_t>(m.session_timeout.count());
        member.rebalance_timeout_ms = static_cast<std::int32_t>(m.rebalance_timeout.count());
        member.assignment = m.assignment;
        for (const auto& [name, metadata] : m.protocols) member.protocols.push_back({name, metadata});
    }
    return stored;
}

void Membership::restore(const StoredGroup& stored, Time now) {
    generation_ = stored.generation;
    protocol_type_ = stored.protocol_type;
    protocol_ = stored.protocol;
    leader_ = stored.leader;
    for (const auto& m : stored.members) {
        auto& member = members_[m.id];
        member.id = m.id;
        member.instance = m.instance;
        member.client_id = m.client_id;
        member.client_host = m.client_host;
        member.session_timeout = milliseconds{m.session_timeout_ms};
        member.rebalance_timeout = milliseconds{m.rebalance_timeout_ms};
        member.assignment = m.assignment;
        member.synced = true;
        member.alive_until = now + member.session_timeout;
        for (const auto& p : m.protocols) member.protocols.emplace_back(p.name, p.metadata);
        if (m.instance) instances_[*m.instance] = m.id;
    }
    state_ = members_.empty() ? GroupState::empty : GroupState::stable;
}

}   // namespace sluice::kafka
