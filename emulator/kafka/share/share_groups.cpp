#include "emulator/kafka/share/share_groups.h"

#include <cstring>

#include "emulator/kafka/groups/session_timer.h"
#include "emulator/kafka/share/starting.h"

namespace sluice::kafka {

std::string share_topic_key(std::string_view prefix, std::string_view group, const streams::Uuid& topic) {
    std::string key{prefix};
    key.append(group).push_back('\0');
    return key.append(reinterpret_cast<const char*>(topic.data()), topic.size());
}

namespace {

constexpr std::size_t id_bytes = 16;

// Group and topic of a key without its prefix, and what follows them.
struct ShareKey {
    std::string_view group;
    streams::Uuid topic{};
    std::string_view rest;
};
std::optional<ShareKey> parse_share_key(std::string_view key) {
    const auto end = key.find('\0');
    if (end == std::string_view::npos || key.size() < end + 1 + id_bytes) return std::nullopt;
    ShareKey parsed{.group = key.substr(0, end), .topic = {}, .rest = key.substr(end + 1 + id_bytes)};
    std::memcpy(parsed.topic.data(), key.data() + end + 1, id_bytes);
    return parsed;
}

std::string share_group_key(std::string_view id) { return std::string{share_group_prefix}.append(id); }

std::string_view without(std::string_view key, std::string_view prefix) {
    return key.starts_with(prefix) ? key.substr(prefix.size()) : key;
}

}   // namespace

ShareGroups::ShareGroups(streams::Engine& engine, streams::World& world, const Configs& configs)
    : engine_(engine), world_(world), configs_(configs), dead_letters_(engine, world, configs) {
    changes_.follow(world_.changed);
    load();
}

ShareGroups::~ShareGroups() = default;

ShareRules ShareGroups::rules(std::string_view group) const {
    const auto number = [&](std::string_view name) { return configs_.group_number(&world_, group, name); };
    ShareRules rules;
    rules.members = {.session = milliseconds{number("share.session.timeout.ms")},
                     .heartbeat = milliseconds{number("share.heartbeat.interval.ms")},
                     .largest = static_cast<std::size_t>(configs_.number(&world_, "group.share.max.size"))};
    rules.lock = milliseconds{number("share.record.lock.duration.ms")};
    rules.deliveries = static_cast<std::int32_t>(number("share.delivery.count.limit"));
    rules.locks = static_cast<std::size_t>(number("share.partition.max.record.locks"));
    rules.begins = configs_.group_text(&world_, group, "share.auto.offset.reset");
    rules.isolation = configs_.group_text(&world_, group, "share.isolation.level") == "read_committed"
                          ? streams::Isolation::committed
                          : streams::Isolation::uncommitted;
    rules.renews = configs_.group_text(&world_, group, "share.renew.acknowledge.enable") == "true";
    return rules;
}

// ---- members ----

FindShareTopic ShareGroups::finder() const {
    return [this](std::string_view name) -> std::optional<ShareTopicSize> {
        const auto stream = engine_.find(world_, std::string{name});
        if (!stream || stream->status == streams::StreamStatus::deleting) return std::nullopt;
        ShareTopicSize size{.id = stream->topic_id, .partitions = {}};
        for (const auto& shard : stream->shards)
            if (!shard->expired) size.partitions.push_back(shard->index);
        return size;
    };
}

ShareGroup* ShareGroups::find(std::string_view id) {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : found->second.get();
}

ShareGroup& ShareGroups::make(std::string_view id) {
    if (auto* group = find(id)) return *group;
    auto& group = groups_[std::string(id)] = std::make_unique<ShareGroup>();
    group->id = id;
    return *group;
}

void ShareGroups::each(const std::function<void(const ShareGroup&)>& visit) const {
    for (const auto& [id, group] : groups_) visit(*group);
}

ShareGroups::Answer ShareGroups::heartbeat(const ShareMembership::Beat& beat) {
    const auto& request = beat.request;
    if (!find(request.group_id) && request.member_epoch != 0)
        return {.response = refused_share(ErrorCode::group_id_not_found, (request.member_epoch < 0 ? "Group " : "Share group ") +
                                                                             std::string(request.group_id) + " not found.")};
    auto& group = make(request.group_id);
    const auto topics = finder();
    if (std::exchange(group.looked_at, changes_.count) != changes_.count) group.members.reassign(topics);
    Answer answer{.response = group.members.heartbeat(clock().live(), rules(group.id).members, beat, topics)};
    const bool left = request.member_epoch == -1 && answer.response.error_code == ErrorCode::none;
    answer.ticket = save(group);
    if (left && on_gone) on_gone(request.group_id, request.member_id);
    return answer;
}

streams::Ticket ShareGroups::save(ShareGroup& group) {
    arm(group);
    if (!group.members.take_changed()) return {};
    return engine_.put(world_, share_group_key(group.id), pack(group.members.to_store()));
}

void ShareGroups::arm(ShareGroup& group) {
    arm_sessions(clock(), group, group.members.next_session(), [this, id = group.id] {
        auto* one = find(id);
        if (!one) return;
        one->session_armed.reset();
        const auto gone = one->members.sessions_over(clock().live(), finder());
        save(*one);
        for (const auto& member : gone)
            if (on_gone) on_gone(id, member);
    });
}

ShareGroups::Changed ShareGroups::remove(std::string_view id) {
    auto* group = find(id);
    if (!group) return {.code = ErrorCode::group_id_not_found};
    if (!group->members.members().empty()) return {.code = ErrorCode::non_empty_group};
    streams::Unit whole{engine_};
    while (!group->topics.empty()) forget(id, streams::Uuid{group->topics.begin()->first});
    engine_.put(world_, share_group_key(group->id), {});
    groups_.erase(group->id);
    return {.code = ErrorCode::none, .ticket = whole.ticket()};
}

// ---- topics ----

ShareTopic& ShareGroups::open(ShareGroup& group, const streams::Stream& stream, std::int32_t partitions) {
    auto& topic = group.topics[stream.topic_id];
    if (topic.backlog) return topic;
    readers_[stream.topic_id].insert(group.id);
    topic.id = stream.topic_id;
    topic.partitions = partitions;
    auto gave_up = [this, id = group.id, topic_id = stream.topic_id](std::span<const streams::GivenUp> given) {
        if (const auto from = engine_.find_topic(world_, topic_id)) dead_letters_.write(id, *from, given);
    };
    topic.backlog = std::make_unique<streams::Backlog>(
        engine_, world_,
        streams::Backlog::Options{.stream = stream.name,
                                  .id = stream.id,
                                  .prefix = share_topic_key(share_taken_prefix, group.id, stream.topic_id),
                                  .start = {},
                                  .give_up_after = rules(group.id).deliveries,
                                  .holders = true,
                                  .gave_up = std::move(gave_up)});
    return topic;
}

ShareTopic& ShareGroups::topic(std::string_view id, const streams::Stream& stream) {
    auto& group = make(id);
    if (const auto known = group.topics.find(stream.topic_id); known != group.topics.end()) return known->second;
    const auto partitions = static_cast<std::int32_t>(stream.shards.size());
    auto& topic = open(group, stream, partitions);
    StoredShareTopic stored;
    stored.partitions = partitions;
    streams::Unit whole{engine_};
    engine_.put(world_, share_topic_key(share_topic_prefix, id, stream.topic_id), pack(stored));
    if (group.members.members().empty()) engine_.put(world_, share_group_key(id), pack(group.members.to_store()));
    return topic;
}

ShareTopic* ShareGroups::find_topic(std::string_view id, const streams::Uuid& topic) {
    auto* group = find(id);
    if (!group) return nullptr;
    const auto found = group->topics.find(topic);
    return found == group->topics.end() ? nullptr : &found->second;
}

void ShareGroups::release(std::string_view id, std::uint32_t holder) {
    auto* group = find(id);
    if (!group) return;
    for (auto& [topic, part] : group->topics) {
        part.backlog->release(holder);
        part.backlog->store();
    }
}

void ShareGroups::begin(ShareTopic& topic, const streams::Shard& shard, const ShareRules& rules) {
    auto& backlog = *topic.backlog;
    if (backlog.next(shard.index)) return;
    const auto bounds = engine_.bounds(shard);
    const auto start = share_start(rules.begins);
    auto at = bounds.end;
    if (shard.index >= topic.partitions || start.kind == ShareStart::earliest) {
        at = bounds.begin;
    } else if (start.kind == ShareStart::duration) {
        if (const auto found = engine_.find_timestamp(shard, to_ms(clock().now() - start.back))) at = found->first;
    }
    backlog.begin_at(shard.index, at);
}

streams::Ticket ShareGroups::forget(std::string_view id, const streams::Uuid& topic_id) {
    auto* group = find(id);
    if (!group) return {};
    const auto found = group->topics.find(topic_id);
    if (found == group->topics.end()) return {};
    streams::Unit whole{engine_};
    found->second.backlog->erase();
    engine_.put(world_, share_topic_key(share_topic_prefix, id, topic_id), {});
    drop(*group, topic_id);
    return whole.ticket();
}

void ShareGroups::drop(ShareGroup& group, const streams::Uuid& topic) {
    group.topics.erase(topic);
    const auto found = readers_.find(topic);
    if (found == readers_.end()) return;
    found->second.erase(group.id);
    if (found->second.empty()) readers_.erase(found);
}

void ShareGroups::forget_topic(const streams::Stream& stream) {
    const auto found = readers_.find(stream.topic_id);
    if (found == readers_.end()) return;
    for (const auto& id : std::set{found->second}) forget(id, streams::Uuid{stream.topic_id});
}

// ---- the store ----

void ShareGroups::load() {
    engine_.scan(world_, share_group_prefix, [&](std::string_view key, std::string_view value) {
        const auto stored = unpack<StoredShareGroup>(value);
        if (!stored) return;
        auto& group = make(without(key, share_group_prefix));
        group.members.restore(*stored, clock().live(), rules(group.id).members.session, finder());
        arm(group);
    });
    engine_.scan(world_, share_topic_prefix, [&](std::string_view key, std::string_view value) {
        const auto stored = unpack<StoredShareTopic>(value);
        const auto parsed = parse_share_key(without(key, share_topic_prefix));
        if (!stored || !parsed) return;
        if (const auto stream = engine_.find_topic(world_, parsed->topic)) open(make(parsed->group), *stream, stored->partitions);
    });
}

// What the store has counts again. A group with members goes on as it is: whoever waited for the store was refused.
void ShareGroups::unstored(std::string_view key) {
    if (key.starts_with(share_group_prefix)) {
        const auto id = key.substr(share_group_prefix.size());
        auto* group = find(id);
        if (group && !group->members.members().empty()) return;
        const auto value = engine_.get(world_, key);
        const auto stored = value ? unpack<StoredShareGroup>(*value) : std::nullopt;
        if (!stored) {
            if (group && group->topics.empty()) groups_.erase(group->id);
            return;
        }
        auto& back = make(id);
        back.members.restore(*stored, clock().live(), rules(id).members.session, finder());
        arm(back);
    } else if (key.starts_with(share_topic_prefix)) {
        const auto parsed = parse_share_key(key.substr(share_topic_prefix.size()));
        if (!parsed) return;
        const auto value = engine_.get(world_, key);
        const auto stored = value ? unpack<StoredShareTopic>(*value) : std::nullopt;
        if (!stored) {
            if (auto* group = find(parsed->group)) drop(*group, parsed->topic);
        } else if (const auto stream = engine_.find_topic(world_, parsed->topic)) {
            open(make(parsed->group), *stream, stored->partitions);
        }
    } else if (key.starts_with(share_taken_prefix)) {
        const auto parsed = parse_share_key(key.substr(share_taken_prefix.size()));
        auto* group = parsed ? find(parsed->group) : nullptr;
        if (!group) return;
        if (const auto topic = group->topics.find(parsed->topic); topic != group->topics.end())
            topic->second.backlog->unstored(parsed->rest);
    }
}

void ShareGroups::clear() {
    groups_.clear();
    readers_.clear();
}

std::size_t ShareGroups::kept() const {
    auto count = groups_.size() + readers_.size();
    for (const auto& [id, group] : groups_) {
        count += group->members.members().size() + group->topics.size();
        for (const auto& [topic, of] : group->topics) count += of.backlog->size();
    }
    return count;
}

}   // namespace sluice::kafka
