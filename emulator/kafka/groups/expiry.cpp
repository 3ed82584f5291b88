// Offsets that nobody uses go after offsets.retention.minutes, on the virtual clock (rule 5): those of an empty group that much
// after it became empty, those of a group that never had members after their last commit, and those of topics that a group's
// members do not read after theirs. An empty group without offsets goes at the next check, as in Kafka.
// Each group has one time before which nothing of it can be due, and one timer waits for the first of them.
#include <algorithm>

#include "emulator/kafka/groups/groups.h"

namespace sluice::kafka {

void Groups::due_at(Group& group, Time due) {
    if (group.due != Time{}) due_.erase({group.due, group.id});
    group.due = due;
    if (due != Time{}) due_.emplace(due, group.id);
    arm_expiry();
}

void Groups::arm_expiry() {
    const auto first = due_.empty() ? std::optional<Time>{} : due_.begin()->first;
    if (first == expiry_armed_) return;
    expiry_armed_ = first;
    expiry_.stop();
    if (!first) return;
    // One group each time it fires, so that others are served in between.
    auto fire = [this] {
        expiry_armed_.reset();
        if (due_.empty()) return;
        if (const auto group = get(due_.begin()->second))
            expire(group);
        else
            due_.erase(due_.begin());
        arm_expiry();
    };
    expiry_ = Timer{clock(), clock().at(timers::offset_expiry, *first, std::move(fire))};
}

// The first time at which something of the group may be due.
void Groups::plan_expiry(Group& group) {
    const auto* all = offsets_.find(group.id);
    const bool had_members = !group.protocol_type().empty();
    if (group.empty() && had_members)
        return due_at(group, group.empty_since + (all ? retention_ : std::min(check_interval_, retention_)));
    if (!all) return due_at(group, {});
    // What the members read stays; what was looked at and stays for that reason is looked at again a retention later.
    const auto now = clock().now();
    const bool all_may_go = group.empty();
    auto next = now + retention_;
    for (const auto& [partition, committed] : *all) {
        if (const auto at = committed.committed + retention_; all_may_go || at > now) next = std::min(next, at);
    }
    due_at(group, next);
}

void Groups::expire(const GroupPointer& group) {
    const auto now = clock().now();
    const bool empty = group->empty(), had_members = !group->protocol_type().empty();
    std::vector<Partition> gone;
    if (const auto* all = offsets_.find(group->id)) {
        for (const auto& [partition, committed] : *all) {
            if (empty && had_members) {
                if (group->empty_since + retention_ > now) break;
            } else if (committed.committed + retention_ > now) {
                continue;
            } else if (!empty) {   // only of consumers is known what they read
                if (!group->stable() || (group->protocol_type() != "consumer" && !group->streams)) continue;
                const auto stream = engine_.find_topic(world_, partition.first);
                if (stream && group->topics.contains(stream->name)) continue;
            }
            gone.push_back(partition);
        }
    }
    for (const auto& partition : gone) offsets_.erase(group->id, partition);
    const bool kept = offsets_.find(group->id) != nullptr;
    if (empty && had_members && !kept && group->empty_since + std::min(check_interval_, retention_) <= now) {
        remove(group->id);
        return;
    }
    plan_expiry(*group);
    forget_if_blank(group);
}

}   // namespace sluice::kafka
