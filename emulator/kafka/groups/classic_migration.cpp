// A group goes from the classic protocol to that of KIP-848 and back while its members work: the first consumer that joins a
// classic group makes it a consumer group, and the last one that leaves it makes it a classic one again, as
// group.consumer.migration.policy allows.
#include <boost/asio/co_spawn.hpp>
#include <cctype>

#include "emulator/kafka/groups/groups.h"

namespace sluice::kafka {

std::string Groups::migration_policy() const {
    auto policy = configs_.broker(&world_, *find_config(broker_configs(), "group.consumer.migration.policy")).value.value_or("");
    for (auto& letter : policy) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    return policy;
}

bool Groups::may_upgrade(const Group& group) const {
    const auto policy = migration_policy();
    return group.type() == GroupType::classic && group.members.protocol_type() == "consumer" &&
           (policy == "upgrade" || policy == "bidirectional") &&
           group.members.members().size() < static_cast<std::size_t>(configs_.number(&world_, "group.consumer.max.size"));
}

// Whoever waits for a join or a sync is told to join again, and is then in a consumer group.
void Groups::upgrade(const GroupPointer& group) {
    const auto stored = group->members.to_store();
    auto decision = group->members.dissolve();
    for (auto& [who, answer] : decision.joins) answer.error_code = ErrorCode::rebalance_in_progress;
    for (auto& [who, answer] : decision.syncs) answer.error_code = ErrorCode::rebalance_in_progress;
    give(decision);
    group->wait.stop();
    group->wait_armed = 0;
    group->session.stop();
    group->session_armed.reset();
    engine_.put(world_, group_key(group->id), {});
    group->members = Membership{rules_};
    group->consumer = std::make_unique<ConsumerMembership>(group->id);
    const auto rules = consumer_rules(group->id);
    group->consumer->adopt(stored, around(rules));
}

// Members that are left hear of a rebalance by their next heartbeat.
void Groups::downgrade(const GroupPointer& group) {
    const auto stored = group->consumer->to_classic();
    for (const auto& [id, member] : group->consumer->members())
        engine_.put(world_, member_key(consumer_prefix, group->id, id), {});
    make_classic(*group);
    group->members = Membership{rules_};
    group->members.restore(stored, clock().live());
    save(*group);
    index_topics(*group);
    carry_out(group, group->members.reassign(clock().live()));
}

bool Groups::may_downgrade(const Group& group) const {
    if (!group.consumer->all_classic()) return false;
    const auto policy = migration_policy();
    return policy == "downgrade" || policy == "bidirectional";
}

// A join of a classic member in a consumer group is answered when it is stored.
void Groups::join_consumers(const GroupPointer& group, const Join& join, const JoinReply& reply) {
    const auto rules = consumer_rules(group->id);
    std::string fresh;
    if (join.request.member_id.empty()) fresh = fresh_id(join.request.group_instance_id.value_or(join.client_id));
    auto answer = group->consumer->join_classic(around(rules), join, fresh);
    const auto ticket = carry_out_members<ConsumerKind>(group);
    auto wait = [](JoinReply waiting, JoinGroupResponse told, streams::Ticket stored) -> Task<void> {
        const auto well = co_await stored.committed();
        waiting->give(well ? std::move(told) : refused_join(ErrorCode::coordinator_not_available, ""));
    };
    asio::co_spawn(engine_.executor(), wait(reply, std::move(answer), ticket), stop_loudly);
}

Groups::Changed Groups::leave_consumers(const GroupPointer& group, std::string_view member,
                                        std::optional<std::string_view> instance) {
    const auto rules = consumer_rules(group->id);
    const auto code = group->consumer->leave_classic(around(rules), member, instance);
    return {.code = code, .ticket = carry_out_members<ConsumerKind>(group)};
}

}   // namespace sluice::kafka
