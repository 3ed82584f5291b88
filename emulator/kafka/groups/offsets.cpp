// Committed offsets in memory and in the store, one key each.
#include "emulator/kafka/groups/offsets.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "storage/planted.h"

namespace sluice::kafka {

std::string offset_key(std::string_view group, const Partition& partition) {
    std::string key{offset_prefix};
    key.append(group).push_back('\0');
    key.append(reinterpret_cast<const char*>(partition.first.data()), partition.first.size());
    for (int shift = 24; shift >= 0; shift -= 8)
        key.push_back(static_cast<char>(static_cast<std::uint32_t>(partition.second) >> shift));
    return key;
}

std::optional<std::pair<std::string_view, Partition>> parse_offset_key(std::string_view key) {
    if (key.size() < 21) return std::nullopt;
    const auto tail = key.substr(key.size() - 20);
    Partition partition;
    std::memcpy(partition.first.data(), tail.data(), 16);
    Reader index{as_bytes(tail.substr(16))};
    partition.second = index.integer<std::int32_t>();
    return std::pair{key.substr(0, key.size() - 21), partition};
}

namespace {

std::optional<CommittedOffset> unpack_offset(std::string_view value) {
    auto stored = unpack<StoredOffset>(value);
    if (!stored) return std::nullopt;
    return CommittedOffset{stored->offset, stored->leader_epoch, std::move(stored->metadata), from_ms(stored->committed_ms)};
}

}   // namespace

void Offsets::load() {
    engine_.scan(world_, offset_prefix, [&](std::string_view key, std::string_view value) {
        if (key.starts_with(offset_prefix)) key.remove_prefix(offset_prefix.size());
        const auto place = parse_offset_key(key);
        if (!place) return;
        if (auto stored = unpack_offset(value)) insert(place->first, place->second, std::move(*stored));
    });
}

void Offsets::insert(std::string_view group, const Partition& partition, CommittedOffset committed) {
    auto found = groups_.find(group);
    if (found == groups_.end()) found = groups_.emplace(group, OfGroup{}).first;
    const auto [at, added] = found->second.by_partition.insert_or_assign(partition, std::move(committed));
    if (added) by_topic_[partition.first].emplace(group);
}

void Offsets::remove(std::string_view group, const Partition& partition) {
    const auto found = groups_.find(group);
    if (found == groups_.end()) return;
    auto& all = found->second.by_partition;
    if (all.erase(partition) == 0) return;
    const auto next = all.lower_bound({partition.first, std::numeric_limits<std::int32_t>::min()});
    if (next == all.end() || next->first.first != partition.first) {
        const auto topic = by_topic_.find(partition.first);
        topic->second.erase(topic->second.find(group));
        if (topic->second.empty()) by_topic_.erase(topic);
    }
    if (all.empty()) groups_.erase(found);
}

streams::Ticket Offsets::commit(std::string_view group, const Partition& partition, CommittedOffset committed) {
    const auto value =
        pack(StoredOffset{committed.offset, committed.leader_epoch, committed.metadata, to_ms(committed.committed)});
    insert(group, partition, std::move(committed));
    auto ticket = engine_.put(world_, planted("offset-not-written") ? "kafka/nowhere" : offset_key(group, partition), value);
    groups_.find(group)->second.last = ticket;
    return ticket;
}

streams::Ticket Offsets::erase(std::string_view group, const Partition& partition) {
    auto ticket = engine_.put(world_, offset_key(group, partition), {});
    if (const auto found = groups_.find(group); found != groups_.end()) found->second.last = ticket;
    remove(group, partition);
    return ticket;
}

void Offsets::erase_all(std::string_view group) {
    for (const auto* all = find(group); all; all = find(group)) erase(group, Partition{all->begin()->first});
}

std::set<std::string, std::less<>> Offsets::forget_topic(const streams::Uuid& topic) {
    const auto found = by_topic_.find(topic);
    if (found == by_topic_.end()) return {};
    auto readers = found->second;
    for (const auto& group : readers) {
        std::vector<Partition> gone;
        const auto& all = groups_.find(group)->second.by_partition;
        for (auto at = all.lower_bound({topic, std::numeric_limits<std::int32_t>::min()});
             at != all.end() && at->first.first == topic; ++at)
            gone.push_back(at->first);
        for (const auto& partition : gone) erase(group, partition);
    }
    return readers;
}

void Offsets::each_group(const std::function<void(const std::string&)>& visit) const {
    for (const auto& [id, all] : groups_) visit(id);
}

const Offsets::ByPartition* Offsets::find(std::string_view group) const {
    const auto found = groups_.find(group);
    return found == groups_.end() ? nullptr : &found->second.by_partition;
}

std::optional<CommittedOffset> Offsets::offset(std::string_view group, const streams::Stream& stream,
                                               std::int32_t partition) const {
    const auto* all = find(group);
    if (!all) return std::nullopt;
    if (const auto found = all->find({stream.topic_id, partition}); found != all->end()) return found->second;
    std::vector<std::int32_t> ancestors{partition};
    for (std::size_t i = 0; i < ancestors.size(); ++i) {
        const auto* shard = stream.shard(ancestors[i]);
        if (!shard) continue;
        for (const auto parent : shard->parents) {
            if (all->contains({stream.topic_id, parent}) && !planted("child-has-no-start"))
                return CommittedOffset{.offset = engine_.bounds(*stream.shard(partition)).begin,
                                       .leader_epoch = -1,
                                       .metadata = {},
                                       .committed = {}};
            if (std::ranges::find(ancestors, parent) == ancestors.end()) ancestors.push_back(parent);
        }
    }
    return std::nullopt;
}

std::optional<std::string> Offsets::unstored(std::string_view key) {
    if (planted("failed-offset-kept")) return std::nullopt;
    const auto place = parse_offset_key(key);
    if (!place) return std::nullopt;
    const auto stored = engine_.get(world_, std::string(offset_prefix).append(key));
    if (auto committed = stored ? unpack_offset(*stored) : std::nullopt)
        insert(place->first, place->second, std::move(*committed));
    else
        remove(place->first, place->second);
    return std::string(place->first);
}

streams::Ticket Offsets::shown(std::string_view group) const {
    const auto found = groups_.find(group);
    return found == groups_.end() ? streams::Ticket{} : found->second.last;
}

void Offsets::clear() {
    groups_.clear();
    by_topic_.clear();
}

}   // namespace sluice::kafka
