// What members of a consumer group are to own, and how each gets there: it gives back first what it is to lose, and is given
// what nobody owns any more. And how a group is kept over a restart.
#include <algorithm>
#include <cstring>

#include "emulator/kafka/groups/assignors.h"
#include "emulator/kafka/groups/consumer_membership.h"

namespace sluice::kafka {

// ---- what members read ----

std::set<std::string, std::less<>> ConsumerMembership::read_by(const ConsumerMember& member) const {
    auto names = member.names;
    if (member.regex.empty()) return names;
    if (const auto pattern = patterns_.find(search_of(member)); pattern != patterns_.end())
        names.insert(pattern->second.found.begin(), pattern->second.found.end());
    return names;
}

std::set<std::string, std::less<>> ConsumerMembership::topics() const {
    std::set<std::string, std::less<>> names;
    for (const auto& [id, member] : members_) names.merge(read_by(member));
    return names;
}

// Patterns are looked up when they come and when topics come or go.
void ConsumerMembership::look_up(const Around& around, bool all_patterns) {
    std::set<Search> searches;
    for (const auto& [id, member] : members_)
        if (!member.regex.empty()) searches.insert(search_of(member));
    std::erase_if(patterns_, [&](const auto& pattern) { return !searches.contains(pattern.first); });
    using Entry = std::map<Search, Pattern>::value_type;
    std::vector<Entry*> anew;
    for (const auto& search : searches) {
        if (patterns_.contains(search)) continue;
        if (auto compiled = TopicPattern::read(search.regex))
            anew.push_back(&*patterns_.emplace(search, Pattern{std::move(*compiled), {}}).first);
    }
    if (all_patterns) {
        anew.clear();
        for (auto& entry : patterns_) anew.push_back(&entry);
    }
    for (auto* entry : anew) entry->second.found.clear();
    if (!anew.empty())
        around.topics.each_name([&](std::string_view name) {
            for (auto* entry : anew) {
                auto& [search, pattern] = *entry;
                if (pattern.compiled.matches(name) && around.topics.may_see(name, search.principal, search.host))
                    pattern.found.emplace(name);
            }
        });
    sizes_.clear();
    for (const auto& name : topics())
        if (const auto size = around.topics.find(name)) sizes_.emplace(name, *size);
}

void ConsumerMembership::topics_changed(const Around& around) {
    const auto before = sizes_;
    look_up(around, true);
    if (sizes_ != before) bump(around);
}

// ---- the target ----

void ConsumerMembership::bump(const Around& around) {
    ++epoch_;
    changes_.group = true;
    assign_if_due(around);
}

void ConsumerMembership::assign_if_due(const Around& around) {
    assign_due_.reset();
    if (epoch_ <= assignment_epoch_) return;
    const auto due = assigned_at_ + around.rules.assignment_interval;
    if (assignment_epoch_ == 0 || members_.empty() || around.now >= due) return assign(around);
    assign_due_ = due;
}

// The one that most members ask for; the first of the configured ones when none does.
std::string ConsumerMembership::assignor(const ConsumerRules& rules) const {
    std::map<std::string_view, int> votes;
    for (const auto& [id, member] : members_)
        if (!member.assignor.empty()) ++votes[member.assignor];
    const auto most = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
    if (most != votes.end()) return std::string(most->first);
    return rules.assignors.empty() ? "uniform" : rules.assignors.front();
}

void ConsumerMembership::assign(const Around& around) {
    PartitionCounts counts;
    for (const auto& [name, size] : sizes_) counts[size.id] = size.partitions;
    std::vector<Subscriber> subscribers;
    for (const auto& [id, member] : members_) {
        auto& one = subscribers.emplace_back();
        one.order = member.instance ? *member.instance : id;
        one.before = &member.target;
        for (const auto& name : read_by(member))
            if (const auto size = sizes_.find(name); size != sizes_.end()) one.topics.push_back(size->second.id);
        std::ranges::sort(one.topics);
    }
    auto targets = assignor(around.rules) == "range" ? assign_range(subscribers, counts) : assign_uniform(subscribers, counts);
    std::size_t i = 0;
    for (auto& [id, member] : members_) {
        auto& target = targets[i++];
        if (member.target == target) continue;
        member.target = std::move(target);
        changes_.members.insert(id);
    }
    assignment_epoch_ = epoch_;
    assigned_at_ = around.now;
    changes_.group = true;
}

// ---- towards it ----

void ConsumerMembership::own(const ConsumerMember& member) {
    const auto note = [&](const streams::Uuid& topic, std::int32_t partition) { owners_[{topic, partition}] = member.id; };
    assignments::each(member.assigned, note);
    assignments::each(member.revoking, note);
}
void ConsumerMembership::disown(const ConsumerMember& member) {
    const auto forget = [&](const streams::Uuid& topic, std::int32_t partition) { owners_.erase({topic, partition}); };
    assignments::each(member.assigned, forget);
    assignments::each(member.revoking, forget);
}

Assignment ConsumerMembership::free_for(const ConsumerMember& member, const Assignment& wanted) const {
    Assignment free;
    assignments::each(wanted, [&](const streams::Uuid& topic, std::int32_t partition) {
        const auto owner = owners_.find({topic, partition});
        if (owner == owners_.end() || owner->second == member.id) assignments::add(free, topic, partition);
    });
    return free;
}

ConsumerMember ConsumerMembership::next_of(const ConsumerMember& member, const std::optional<Assignment>& owned) const {
    switch (member.place) {
        case ConsumerMember::Place::stable:
            return member.epoch == assignment_epoch_ ? member : moved(member, member.epoch, owned);
        case ConsumerMember::Place::unrevoked:
            if (!owned || !assignments::both(*owned, member.revoking).empty()) return member;
            return moved(member, std::min(member.epoch + 1, assignment_epoch_), owned);
        case ConsumerMember::Place::unreleased:
            break;
    }
    return moved(member, member.epoch, owned);
}

ConsumerMember ConsumerMembership::moved(const ConsumerMember& member, std::int32_t epoch,
                                         const std::optional<Assignment>& owned) const {
    auto next = member;
    const auto kept = assignments::both(member.assigned, member.target);
    const auto lost = assignments::without(member.assigned, member.target);
    if (!lost.empty() && (!owned || !assignments::both(*owned, lost).empty())) {
        next.place = ConsumerMember::Place::unrevoked;
        next.assigned = kept;
        next.revoking = lost;
    } else {
        const auto wanted = assignments::without(member.target, kept);
        const auto free = free_for(member, wanted);
        next.place = free == wanted ? ConsumerMember::Place::stable : ConsumerMember::Place::unreleased;
        next.assigned = assignments::together(kept, free);
        next.revoking.clear();
        epoch = assignment_epoch_;
    }
    if (epoch != member.epoch) next.previous_epoch = member.epoch;
    next.epoch = epoch;
    return next;
}

void ConsumerMembership::reconcile(const Around& around, ConsumerMember& member, const std::optional<Assignment>& owned) {
    auto next = next_of(member, owned);
    const bool waits = next.place == ConsumerMember::Place::unrevoked;
    if (!waits)
        rebalances_.erase(member.id);
    else if (!rebalances_.has(member.id) || next.epoch != member.epoch)
        rebalances_.set(member.id, around.now + next.rebalance_timeout);
    if (next == member) return;
    disown(member);
    member = std::move(next);
    own(member);
}

bool ConsumerMembership::has_news(std::string_view id) const {
    const auto found = members_.find(id);
    if (found == members_.end()) return true;   // that it is no member any more
    return found->second != next_of(found->second, std::nullopt);
}

ConsumerGroupState ConsumerMembership::state() const {
    if (members_.empty()) return ConsumerGroupState::empty;
    if (epoch_ > assignment_epoch_) return ConsumerGroupState::assigning;
    const bool settled = std::ranges::all_of(members_, [&](const auto& member) {
        return member.second.away() ||
               (member.second.place == ConsumerMember::Place::stable && member.second.epoch == assignment_epoch_);
    });
    return settled ? ConsumerGroupState::stable : ConsumerGroupState::reconciling;
}

// ---- kept over a restart ----

namespace {

std::vector<StoredConsumerMember::Topic> stored_topics(const Assignment& assignment) {
    std::vector<StoredConsumerMember::Topic> topics;
    for (const auto& [topic, partitions] : assignment) {
        auto& one = topics.emplace_back();
        std::memcpy(one.topic.bytes.data(), topic.data(), topic.size());
        one.partitions = partitions;
    }
    return topics;
}
Assignment restored_topics(const std::vector<StoredConsumerMember::Topic>& topics) {
    Assignment assignment;
    for (const auto& topic : topics) {
        streams::Uuid id;
        std::memcpy(id.data(), topic.topic.bytes.data(), id.size());
        for (const auto partition : topic.partitions) assignments::add(assignment, id, partition);
    }
    return assignment;
}

}   // namespace

StoredConsumerGroup ConsumerMembership::to_store() const { return {.epoch = epoch_, .assignment_epoch = assignment_epoch_}; }

StoredConsumerMember ConsumerMembership::to_store(const ConsumerMember& m) const {
    StoredConsumerMember stored;
    stored.id = m.id;
    stored.instance = m.instance;
    stored.rack = m.rack;
    stored.client_id = m.client_id;
    stored.client_host = m.client_host;
    stored.principal = m.principal;
    stored.epoch = m.epoch;
    stored.previous_epoch = m.previous_epoch;
    stored.rebalance_timeout_ms = static_cast<std::int32_t>(m.rebalance_timeout.count());
    stored.names.assign(m.names.begin(), m.names.end());
    stored.regex = m.regex;
    stored.assignor = m.assignor;
    stored.place = static_cast<std::int8_t>(m.place);
    stored.assigned = stored_topics(m.assigned);
    stored.revoking = stored_topics(m.revoking);
    stored.target = stored_topics(m.target);
    if (!m.classic) return stored;
    stored.session_timeout_ms = static_cast<std::int32_t>(m.classic->session.count());
    for (const auto& [name, metadata] : m.classic->protocols) stored.protocols.push_back({name, metadata});
    return stored;
}

void ConsumerMembership::restore(const StoredConsumerGroup& stored) {
    epoch_ = stored.epoch;
    assignment_epoch_ = stored.assignment_epoch;
}

void ConsumerMembership::restore(const StoredConsumerMember& stored, const Around& around) {
    auto& m = members_[stored.id];
    m.id = stored.id;
    m.instance = stored.instance;
    m.rack = stored.rack;
    m.client_id = stored.client_id;
    m.client_host = stored.client_host;
    m.principal = stored.principal;
    m.epoch = stored.epoch;
    m.previous_epoch = stored.previous_epoch;
    m.rebalance_timeout = milliseconds{stored.rebalance_timeout_ms};
    m.names.insert(stored.names.begin(), stored.names.end());
    m.regex = stored.regex;
    m.assignor = stored.assignor;
    if (stored.place >= 0 && stored.place <= 2) m.place = static_cast<ConsumerMember::Place>(stored.place);
    m.assigned = restored_topics(stored.assigned);
    m.revoking = restored_topics(stored.revoking);
    m.target = restored_topics(stored.target);
    if (m.instance) instances_[*m.instance] = m.id;
    own(m);
    if (!stored.protocols.empty()) {
        m.classic = ClassicPart{milliseconds{stored.session_timeout_ms}, {}};
        for (const auto& protocol : stored.protocols) m.classic->protocols.emplace_back(protocol.name, protocol.metadata);
    }
    sessions_.set(m.id, around.now + (m.classic ? m.classic->session : around.rules.session));
    if (m.place == ConsumerMember::Place::unrevoked) rebalances_.set(m.id, around.now + m.rebalance_timeout);
}

// What changed in the topics just before the stop may not have reached the group.
void ConsumerMembership::restored(const Around& around) {
    look_up(around, true);
    Assignment all, targets;
    for (const auto& [name, size] : sizes_)
        for (std::int32_t p = 0; p < size.partitions; ++p) all[size.id].push_back(p);
    for (const auto& [id, member] : members_) targets = assignments::together(targets, member.target);
    if (epoch_ == assignment_epoch_ && all != targets) bump(around);
    assign_if_due(around);
}

}   // namespace sluice::kafka
