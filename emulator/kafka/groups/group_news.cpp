// What the engine tells groups: shards came or were sealed (rule 15), a topic went, something could not be stored. A topic knows
// its groups, so that news of one costs what concerns it.
#include <algorithm>

#include "emulator/kafka/groups/groups.h"
#include "protocol/kafka/messages/consumer_protocol.h"

namespace sluice::kafka {

namespace {

// Consumers say in their metadata what they read; what does not parse reads nothing that is known here.
void add_topics(const Blob& metadata, std::set<std::string, std::less<>>& topics) {
    if (metadata.size() < 2) return;
    Reader version{Bytes{metadata}};
    const int written = version.integer<std::int16_t>();
    Arena arena;
    ConsumerProtocolSubscription subscription;
    if (written < 0 ||
        !decode(version.rest(), std::min<int>(written, ConsumerProtocolSubscription::api.max), arena, subscription))
        return;
    topics.insert(subscription.topics.begin(), subscription.topics.end());
}

}   // namespace

void Groups::index_topics(Group& group) {
    unindex_topics(group);
    group.indexed = group.members.generation();
    if (group.protocol_type() != "consumer" && !group.streams) return;
    if (group.type() != GroupType::classic) {
        group.topics = group.consumer ? group.consumer->topics() : group.streams->topics();
        for (const auto& name : group.topics)
            if (!topics_.find(name)) awaited_.insert(name);
        if (group.consumer && group.consumer->has_patterns()) pattern_readers_.insert(group.id);
    }
    for (const auto& [id, member] : group.members.members()) {
        if (const auto* metadata = metadata_for(member, group.members.protocol())) add_topics(*metadata, group.topics);
    }
    for (const auto& topic : group.topics) readers_[topic].insert(group.id);
    if (!group.topics.empty() && group.due == Time{}) plan_expiry(group);
}

void Groups::unindex_topics(Group& group) {
    pattern_readers_.erase(group.id);
    for (const auto& topic : std::exchange(group.topics, {})) {
        const auto found = readers_.find(topic);
        if (found == readers_.end()) continue;
        found->second.erase(group.id);
        if (!found->second.empty()) continue;
        awaited_.erase(topic);
        readers_.erase(found);
    }
}

std::vector<GroupPointer> Groups::readers_of(const streams::Stream& stream) const {
    std::vector<GroupPointer> readers;
    const auto found = readers_.find(stream.name);
    if (found == readers_.end()) return readers;
    for (const auto& id : found->second) {
        if (auto group = get(id)) readers.push_back(std::move(group));
    }
    return readers;
}

void Groups::resharded(const streams::Stream& stream, const streams::Shard& shard) {
    for (const auto& group : readers_of(stream)) {
        // Its members may have read nothing of the parent yet; what the children got since then must not be missed.
        for (const auto child : shard.children) {
            const auto* all = offsets_.find(group->id);
            if (!all || !all->contains({stream.topic_id, child}))
                commit(group->id, {stream.topic_id, child},
                       {.offset = 0, .leader_epoch = -1, .metadata = {}, .committed = clock().now()});
        }
        topics_changed(group);
    }
}

void Groups::enlarged(const streams::Stream& stream) {
    for (const auto& group : readers_of(stream)) topics_changed(group);
}

// Consumer groups whose topics are all there are not looked at, unless a pattern may match what came.
void Groups::NewTopics::fired() {
    if (looks || (groups.awaited_.empty() && groups.pattern_readers_.empty())) return;
    looks = true;
    asio::post(groups.engine_.executor(), [this, alive = std::weak_ptr{groups.alive_}] {
        if (alive.expired()) return;
        looks = false;
        groups.look_for_topics();
    });
}

void Groups::look_for_topics() {
    std::set<std::string, std::less<>> readers = pattern_readers_;
    std::vector<std::string> came;
    for (const auto& name : awaited_)
        if (topics_.find(name)) came.push_back(name);
    for (const auto& name : came) {
        awaited_.erase(name);
        if (const auto found = readers_.find(name); found != readers_.end())
            readers.insert(found->second.begin(), found->second.end());
    }
    for (const auto& id : readers) {
        const auto group = get(id);
        if (group && group->streams && group->streams->topology() && !group->empty())
            make_internal_topics(needs_of(*group->streams->topology(), topics_).missing);
    }
    // What groups make of a topic stands or falls with the topic: one that could not be stored was never there.
    streams::Unit whole{engine_};
    const auto stand_on = [this](const std::string& name) {
        if (const auto stream = engine_.find(world_, name)) (void)engine_.settled(*stream);
    };
    for (const auto& name : came) stand_on(name);
    for (const auto& id : readers) {
        const auto group = get(id);
        if (!group || group->type() == GroupType::classic) continue;
        const auto before = pattern_readers_.contains(id) ? group->topics : std::set<std::string, std::less<>>{};
        topics_changed(group);
        if (!pattern_readers_.contains(id)) continue;
        for (const auto& name : group->topics)
            if (!before.contains(name)) stand_on(name);
    }
}

void Groups::forget_topic(const streams::Stream& stream) {
    for (const auto& id : offsets_.forget_topic(stream.topic_id)) {
        if (const auto group = get(id)) forget_if_blank(group);
    }
    // Members of classic groups see in their metadata that a topic went.
    topics_.going = &stream;
    for (const auto& group : readers_of(stream)) {
        if (group->type() == GroupType::classic) continue;
        awaited_.insert(stream.name);
        topics_changed(group);
    }
    topics_.going = nullptr;
}

// A group with members is right as it is: whoever waited for the store is refused, and the group goes on from there. What was
// deleted, emptied or committed and could not be stored is as it was.
void Groups::unstored(std::string_view key) {
    if (reload_modern(key)) return;
    if (key.starts_with(offset_prefix)) {
        const auto whose = offsets_.unstored(key.substr(offset_prefix.size()));
        if (!whose) return;
        if (!offsets_.find(*whose)) {
            if (const auto group = get(*whose)) forget_if_blank(group);
            return;
        }
        const auto group = make(*whose);
        if (group->due == Time{}) due_at(*group, clock().now() + check_interval_);
    } else if (key.starts_with(group_prefix)) {
        const auto id = key.substr(group_prefix.size());
        if (const auto group = get(id); group && !group->members.members().empty()) return;
        const auto value = engine_.get(world_, key);
        const auto stored = value ? unpack<StoredGroup>(*value) : std::nullopt;
        if (!stored) return;
        const auto group = make(id);
        group->members.restore(*stored, clock().live());
        group->empty_since = from_ms(stored->empty_since_ms);
        index_topics(*group);
        if (group->due == Time{}) due_at(*group, clock().now() + check_interval_);
        arm(group);
    }
}

}   // namespace sluice::kafka
