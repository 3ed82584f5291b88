// Requests of clients to groups, and carrying out what memberships decide. What the engine tells is in group_news.cpp, expiry
// in expiry.cpp.
#include "emulator/kafka/groups/groups.h"

#include <boost/asio/co_spawn.hpp>

#include "emulator/kafka/groups/session_timer.h"
#include "emulator/kafka/security/access.h"
#include "emulator/runtime/loop.h"
#include "storage/planted.h"

namespace sluice::kafka {

Groups::Groups(streams::Engine& engine, streams::World& world, const Configs& configs, Access& access)
    : engine_(engine),
      world_(world),
      configs_(configs),
      access_(access),
      shortest_session_(configs.number("group.min.session.timeout.ms")),
      longest_session_(configs.number("group.max.session.timeout.ms")),
      retention_(std::chrono::minutes{configs.number("offsets.retention.minutes")}),
      check_interval_(configs.number("offsets.retention.check.interval.ms")),
      rules_{.initial_delay = milliseconds{configs.number("group.initial.rebalance.delay.ms")},
             .largest = static_cast<std::size_t>(configs.number("group.max.size"))},
      offsets_(engine, world) {
    load();
    new_topics_.follow(world.changed);
    new_rights_.follow(access.changed);
}

Groups::~Groups() { clear(); }

void Groups::clear() {
    for (auto& [id, group] : std::exchange(groups_, {})) {
        auto decision = group->members.dissolve();
        give(decision);
        group->wait.stop();
        group->session.stop();
        for (const auto& [member, news] : std::exchange(group->held, {})) news->fire();
    }
    offsets_.clear();
    readers_.clear();
    pattern_readers_.clear();
    awaited_.clear();
    due_.clear();
    arm_expiry();
}

GroupPointer Groups::get(std::string_view id) const {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : found->second;
}
const Group* Groups::find(std::string_view id) const { return get(id).get(); }
GroupPointer Groups::make(std::string_view id) {
    if (auto group = get(id)) return group;
    return groups_[std::string(id)] = std::make_shared<Group>(std::string(id), rules_);
}
void Groups::each(const std::function<void(const Group&)>& visit) const {
    for (const auto& [id, group] : groups_) visit(*group);
}

void Groups::forget_if_blank(const GroupPointer& group) {
    if (!group->blank() || offsets_.find(group->id)) return;
    unindex_topics(*group);
    due_at(*group, {});
    const auto found = groups_.find(group->id);
    if (found != groups_.end() && found->second == group) groups_.erase(found);
}

std::size_t Groups::kept() const {
    std::size_t count = groups_.size() + offsets_.groups() + offsets_.topics() + readers_.size() + pattern_readers_.size() +
                        due_.size() + joins_.size() + syncs_.size();
    for (const auto& [id, group] : groups_) {
        count += group->members.members().size() + group->held.size();
        if (group->consumer) count += group->consumer->members().size();
        if (group->streams) count += group->streams->members().size();
        if (const auto* all = offsets_.find(id)) count += all->size();
    }
    return count;
}

// ---- requests ----

std::string Groups::fresh_id(std::string_view prefix) {
    return std::string(prefix) + "-" + Random::uuid_text(engine_.random().uuid());
}

JoinReply Groups::join(const Join& join) {
    const auto& request = join.request;
    auto reply = std::make_shared<Reply<JoinGroupResponse>>();
    const auto refuse = [&](ErrorCode code) {
        reply->give(refused_join(code, request.member_id));
        return reply;
    };
    if (request.group_id.empty()) return refuse(ErrorCode::invalid_group_id);
    const milliseconds session{request.session_timeout_ms};
    if (session < shortest_session_ || session > longest_session_) return refuse(ErrorCode::invalid_session_timeout);
    if (request.protocols.empty() || request.protocol_type.empty()) return refuse(ErrorCode::inconsistent_group_protocol);
    if (is_share_group(request.group_id)) return refuse(ErrorCode::inconsistent_group_protocol);
    if (!get(request.group_id) && !request.member_id.empty()) return refuse(ErrorCode::unknown_member_id);
    const auto group = make(request.group_id);
    if (group->consumer && !group->empty()) {
        join_consumers(group, join, reply);
        return reply;
    }
    if (group->type() != GroupType::classic) {
        if (!group->empty()) return refuse(ErrorCode::inconsistent_group_protocol);
        make_classic(*group);
    }
    std::string fresh;
    if (request.member_id.empty()) fresh = fresh_id(request.group_instance_id.value_or(join.client_id));
    reply->number = ++waiting_;
    joins_.emplace(reply->number, reply);
    carry_out(group, group->members.join(clock().live(), join, std::move(fresh), reply->number));
    return reply;
}

SyncReply Groups::sync(const SyncGroupRequest& request) {
    auto reply = std::make_shared<Reply<SyncGroupResponse>>();
    const auto group = get(request.group_id);
    if (!group || request.group_id.empty()) {
        reply->give(refused_sync(request.group_id.empty() ? ErrorCode::invalid_group_id : ErrorCode::unknown_member_id));
        return reply;
    }
    if (group->consumer) {
        const auto rules = consumer_rules(group->id);
        reply->give(group->consumer->sync_classic(around(rules), request));
        arm_members<ConsumerKind>(group);
        return reply;
    }
    reply->number = ++waiting_;
    syncs_.emplace(reply->number, reply);
    carry_out(group, group->members.sync(clock().live(), request, reply->number));
    return reply;
}

void Groups::gone(std::string_view id, Parked who) {
    joins_.erase(who);
    syncs_.erase(who);
    if (who == 0) return;   // it waited for the store, not in a group
    if (const auto group = get(id)) carry_out(group, group->members.gone(clock().live(), who));
}

ErrorCode Groups::heartbeat(std::string_view id, std::string_view member, std::optional<std::string_view> instance,
                            std::int32_t generation) {
    if (id.empty()) return ErrorCode::invalid_group_id;
    const auto found = groups_.find(id);
    if (found == groups_.end()) return ErrorCode::unknown_member_id;
    if (found->second->consumer) {
        const auto rules = consumer_rules(id);
        const auto code = found->second->consumer->heartbeat_classic(around(rules), member, instance, generation);
        arm_members<ConsumerKind>(found->second);
        return code;
    }
    return found->second->members.heartbeat(clock().live(), member, instance, generation);
}

Groups::Changed Groups::leave(std::string_view id, std::string_view member, std::optional<std::string_view> instance) {
    const auto group = get(id);
    if (!group) return {.code = ErrorCode::unknown_member_id};
    if (group->consumer) return leave_consumers(group, member, instance);
    auto decision = group->members.leave(clock().live(), member, instance);
    const auto code = decision.code;
    return {.code = code, .ticket = carry_out(group, std::move(decision))};
}

Groups::Changed Groups::remove(std::string_view id) {
    const auto group = get(id);
    if (!group) return {.code = ErrorCode::group_id_not_found};
    if (!group->empty()) return {.code = ErrorCode::non_empty_group};
    streams::Unit whole{engine_};   // its offsets go with it or stay with it
    offsets_.erase_all(id);
    if (group->type() == GroupType::classic)
        engine_.put(world_, group_key(group->id), {});
    else
        erase_group(*group);
    unindex_topics(*group);
    due_at(*group, {});
    groups_.erase(group->id);
    return {.code = ErrorCode::none, .ticket = whole.ticket()};
}

std::string Groups::none_of_kind(std::string_view id, std::string_view kind) const {
    const auto group = "Group " + std::string(id);
    return find(id) || is_share_group(id) ? group + " is not a " + std::string(kind) + " group." : group + " not found.";
}

ErrorCode Groups::may_commit(std::string_view id, std::string_view member, std::optional<std::string_view> instance,
                             std::int32_t generation, int version) {
    if (is_share_group(id)) return ErrorCode::group_id_not_found;
    const auto found = groups_.find(id);
    if (found != groups_.end() && found->second->consumer)
        return found->second->consumer->may_commit(member, generation, version);
    if (found != groups_.end() && found->second->streams) return found->second->streams->may_commit(member, generation, version);
    if (found != groups_.end()) return found->second->members.may_commit(clock().live(), member, instance, generation);
    if (generation < 0) return ErrorCode::none;
    return version >= 9 ? ErrorCode::group_id_not_found : ErrorCode::illegal_generation;
}

// Older clients name no member, and are let in whatever the group's state. The rest is as Kafka 4.4.0 was seen to check it.
ErrorCode Groups::may_commit_in_transaction(std::string_view id, std::string_view member,
                                            std::optional<std::string_view> instance, std::int32_t generation, bool known) {
    if (is_share_group(id)) return ErrorCode::group_id_not_found;
    if (generation < 0 && member.empty() && !instance) return ErrorCode::none;
    const auto found = groups_.find(id);
    if (found == groups_.end() && generation < 0) return ErrorCode::none;
    if (found == groups_.end()) return known ? ErrorCode::unknown_member_id : ErrorCode::illegal_generation;
    const auto& group = *found->second;
    if (group.type() != GroupType::classic) {   // whose clients know no stale epoch in a transaction
        const auto code =
            group.consumer ? group.consumer->may_commit(member, generation, 9) : group.streams->may_commit(member, generation, 9);
        return code == ErrorCode::stale_member_epoch ? ErrorCode::illegal_generation : code;
    }
    const auto code = found->second->members.may_commit(clock().live(), member, instance, generation);
    return code == ErrorCode::rebalance_in_progress ? ErrorCode::none : code;
}

ErrorCode Groups::may_fetch(std::string_view id, const std::optional<std::string_view>& member, std::int32_t epoch) const {
    const auto found = groups_.find(id);
    if (found != groups_.end() && found->second->streams) return found->second->streams->may_fetch(member, epoch);
    if (found == groups_.end() || !found->second->consumer) return ErrorCode::none;
    return found->second->consumer->may_fetch(member, epoch);
}

streams::Ticket Groups::commit(std::string_view id, const Partition& partition, CommittedOffset committed) {
    auto found = groups_.find(id);
    if (found == groups_.end()) {
        make(id);
        found = groups_.find(id);
    }
    auto& group = *found->second;
    if (group.due == Time{}) due_at(group, committed.committed + retention_);
    return offsets_.commit(id, partition, std::move(committed));
}

streams::Ticket Groups::erase_offset(std::string_view id, const Partition& partition) {
    const auto ticket = offsets_.erase(id, partition);
    if (const auto group = get(id)) forget_if_blank(group);
    return ticket;
}

// ---- carrying out ----

streams::Ticket Groups::carry_out(const GroupPointer& group, Decision decision) {
    streams::Ticket ticket;
    if (group->type() != GroupType::classic) return ticket;   // it speaks another protocol by now
    auto& members = group->members;
    const bool renamed = decision.store != 0 && members.state() == GroupState::stable;   // a static member may read other topics
    if (members.generation() != group->indexed || renamed) index_topics(*group);
    if (decision.store != 0) {
        if (members.state() == GroupState::empty) {
            group->empty_since = clock().now();
            plan_expiry(*group);
        }
        ticket = save(*group);
    }
    give(decision);
    arm(group);
    forget_if_blank(group);
    if (decision.store != 0) tell_when_stored(group, decision.store, ticket);
    return ticket;
}

void Groups::give(Decision& decision) {
    for (auto& [who, answer] : decision.joins) {
        if (auto node = joins_.extract(who)) node.mapped()->give(std::move(answer));
    }
    for (auto& [who, answer] : decision.syncs) {
        if (auto node = syncs_.extract(who)) node.mapped()->give(std::move(answer));
    }
}

void Groups::tell_when_stored(const GroupPointer& group, std::uint64_t number, const streams::Ticket& ticket) {
    auto wait = [](Groups* groups, std::weak_ptr<bool> alive, std::weak_ptr<Group> weak, std::uint64_t which,
                   streams::Ticket stored) -> Task<void> {
        const auto well = co_await stored.committed();
        const auto one = weak.lock();
        if (alive.expired() || !one) co_return;
        groups->carry_out(one, one->members.stored(groups->clock().live(), which, well.has_value()));
    };
    asio::co_spawn(engine_.executor(), wait(this, alive_, group, number, ticket), stop_loudly);
}

// Timers follow what the membership waits for.
void Groups::arm(const GroupPointer& group) {
    if (const auto& wait = group->members.wait(); wait.number != group->wait_armed) {
        group->wait_armed = wait.number;
        group->wait.stop();
        auto over = [this, weak = std::weak_ptr{group}] {
            const auto one = weak.lock();
            if (!one) return;
            one->wait_armed = 0;
            carry_out(one, one->members.wait_over(clock().live()));
        };
        if (wait.number != 0) group->wait = Timer{clock(), clock().within(timers::rebalance, wait.span, std::move(over))};
    }
    arm_session(group);
}

void Groups::arm_session(const GroupPointer& group) {
    auto look = [this, weak = std::weak_ptr{group}] {
        const auto one = weak.lock();
        if (!one) return;
        one->session_armed.reset();
        carry_out(one, one->members.sessions_over(clock().live()));
    };
    arm_sessions(clock(), *group, group->members.next_session(), std::move(look));
}

// ---- the store ----

void Groups::load() {
    offsets_.load();
    offsets_.each_group([&](const std::string& id) { make(id); });
    engine_.scan(world_, group_prefix, [&](std::string_view key, std::string_view value) {
        if (key.starts_with(group_prefix)) key.remove_prefix(group_prefix.size());
        const auto stored = unpack<StoredGroup>(value);
        if (!stored) return;
        const auto group = make(key);
        group->members.restore(*stored, clock().live());
        group->empty_since = from_ms(stored->empty_since_ms);
        index_topics(*group);
        arm(group);
    });
    load_modern();
    for (const auto& [id, group] : groups_) plan_expiry(*group);
}

streams::Ticket Groups::save(const Group& group) {
    if (planted("group-not-saved")) return {};
    auto stored = group.members.to_store();
    stored.empty_since_ms = to_ms(group.empty_since);
    return engine_.put(world_, group_key(group.id), pack(stored));
}

}   // namespace sluice::kafka
