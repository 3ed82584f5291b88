// What of groups is in the store: committed offsets, one key each, and a group's generation with its members once they
// have their assignment. Keys: "kafka/group/" id; "kafka/offset/" id, NUL, topic id (16 bytes), partition (4, big endian).
#include <algorithm>
#include <limits>

#include "emulator/kafka/groups/groups.h"
#include "protocol/kafka/schema.h"
#include "storage/planted.h"

namespace sluice::kafka {

namespace {

constexpr std::string_view group_prefix = "kafka/group/", offset_prefix = "kafka/offset/";

// Values on disk use the same declared-once schema as messages on the wire; new fields get a new version.
struct StoredGroup {
    static constexpr Api api{.key = -1, .name = "StoredGroup", .min = 0, .max = 0, .flexible_from = 0};
    struct Protocol {
        std::string name;
        Blob metadata;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("metadata", m.metadata, since(0));
        }
    };
    struct Member {
        std::string id;
        std::optional<std::string> instance;
        std::string client_id, client_host;
        std::int32_t session_timeout_ms{}, rebalance_timeout_ms{};
        std::vector<Protocol> protocols;
        Blob assignment;
        static constexpr void fields(auto& m, auto& f) {
            f("id", m.id, since(0));
            f("instance", m.instance, since(0).nullable(0));
            f("clientId", m.client_id, since(0));
            f("clientHost", m.client_host, since(0));
            f("sessionTimeoutMs", m.session_timeout_ms, since(0));
            f("rebalanceTimeoutMs", m.rebalance_timeout_ms, since(0));
            f("protocols", m.protocols, since(0));
            f("assignment", m.assignment, since(0));
        }
    };
    std::int32_t generation{};
    std::string protocol_type, protocol, leader;
    std::vector<Member> members;
    static constexpr void fields(auto& m, auto& f) {
        f("generation", m.generation, since(0));
        f("protocolType", m.protocol_type, since(0));
        f("protocol", m.protocol, since(0));
        f("leader", m.leader, since(0));
        f("members", m.members, since(0));
    }
};

struct StoredOffset {
    static constexpr Api api{.key = -1, .name = "StoredOffset", .min = 0, .max = 0, .flexible_from = 0};
    std::int64_t offset{};
    std::int32_t leader_epoch = -1;
    std::string metadata;
    static constexpr void fields(auto& m, auto& f) {
        f("offset", m.offset, since(0));
        f("leaderEpoch", m.leader_epoch, since(0));
        f("metadata", m.metadata, since(0));
    }
};

// A value begins with the version it was written in.
template <class T>
std::string pack(const T& value) {
    const auto bytes = encode(value, T::api.max);
    return std::string(1, static_cast<char>(T::api.max)) + std::string(as_text(bytes));
}
template <class T>
std::optional<T> unpack(std::string_view stored) {
    if (stored.empty()) return std::nullopt;
    Arena arena{Arena::default_limit_bytes * 8};
    T value;
    if (!decode(as_bytes(stored.substr(1)), stored.front(), arena, value)) return std::nullopt;
    return value;
}

std::string offset_key(std::string_view group, const Partition& partition) {
    std::string key{offset_prefix};
    key.append(group).push_back('\0');
    key.append(reinterpret_cast<const char*>(partition.first.data()), partition.first.size());
    for (int shift = 24; shift >= 0; shift -= 8)
        key.push_back(static_cast<char>(static_cast<std::uint32_t>(partition.second) >> shift));
    return key;
}

}   // namespace

void Groups::load() {
    engine_.scan(world_, offset_prefix, [&](std::string_view key, std::string_view value) {
        if (key.starts_with(offset_prefix)) key.remove_prefix(offset_prefix.size());
        if (key.size() < 21) return;
        const auto tail = key.substr(key.size() - 20);
        Partition partition;
        std::memcpy(partition.first.data(), tail.data(), 16);
        Reader index{as_bytes(tail.substr(16))};
        partition.second = index.integer<std::int32_t>();
        if (const auto stored = unpack<StoredOffset>(value)) {
            make(key.substr(0, key.size() - 21)).offsets[partition] = {stored->offset, stored->leader_epoch, stored->metadata};
        }
    });
    engine_.scan(world_, group_prefix, [&](std::string_view key, std::string_view value) {
        if (key.starts_with(group_prefix)) key.remove_prefix(group_prefix.size());
        const auto stored = unpack<StoredGroup>(value);
        if (!stored) return;
        auto& group = make(key);
        group.generation = stored->generation;
        group.protocol_type = stored->protocol_type;
        group.protocol = stored->protocol;
        group.leader = stored->leader;
        for (const auto& m : stored->members) {
            auto member = std::make_unique<Member>();
            member->id = m.id;
            member->instance = m.instance;
            member->client_id = m.client_id;
            member->client_host = m.client_host;
            member->session_timeout = milliseconds{m.session_timeout_ms};
            member->rebalance_timeout = milliseconds{m.rebalance_timeout_ms};
            member->assignment = m.assignment;
            member->synced = true;
            for (const auto& p : m.protocols) member->protocols.emplace_back(p.name, p.metadata);
            if (m.instance) group.instances[*m.instance] = m.id;
            auto& added = *(group.members[m.id] = std::move(member));
            watch(group, added);   // a whole session to come back
        }
        group.state = group.members.empty() ? GroupState::empty : GroupState::stable;
    });
}

streams::Ticket Groups::save(const Group& group) {
    if (planted("group-not-saved")) return {};
    StoredGroup stored{.generation = group.generation,
                       .protocol_type = group.protocol_type,
                       .protocol = group.protocol,
                       .leader = group.leader,
                       .members = {}};
    for (const auto& [id, m] : group.members) {
        StoredGroup::Member member{.id = id,
                                   .instance = m->instance,
                                   .client_id = m->client_id,
                                   .client_host = m->client_host,
                                   .session_timeout_ms = static_cast<std::int32_t>(m->session_timeout.count()),
                                   .rebalance_timeout_ms = static_cast<std::int32_t>(m->rebalance_timeout.count()),
                                   .protocols = {},
                                   .assignment = m->assignment};
        for (const auto& [name, metadata] : m->protocols) member.protocols.push_back({name, metadata});
        stored.members.push_back(std::move(member));
    }
    return engine_.put(world_, std::string(group_prefix) + group.id, pack(stored));
}

ErrorCode Groups::may_commit(std::string_view id, std::string_view name, std::optional<std::string_view> instance,
                             std::int32_t generation, int version) {
    if (id.size() > longest_id) return ErrorCode::invalid_group_id;
    auto* group = get(id);
    const bool simple = generation < 0 && name.empty();
    if (!group) {
        if (simple || generation < 0) return ErrorCode::none;
        return version >= 9 ? ErrorCode::group_id_not_found : ErrorCode::illegal_generation;
    }
    if (simple && !instance) return group->members.empty() ? ErrorCode::none : ErrorCode::unknown_member_id;
    ErrorCode code{};
    auto* member = member_of(*group, name, instance, code);
    if (!member) return code;
    if (generation != group->generation) return ErrorCode::illegal_generation;
    if (group->state == GroupState::completing && !member->synced) return ErrorCode::rebalance_in_progress;
    sign_of_life(*group, *member);
    return ErrorCode::none;
}

// An offset of -1 without metadata is what OffsetFetch says of a partition nobody committed, so it erases.
streams::Ticket Groups::commit(std::string_view id, const Partition& partition, const CommittedOffset& committed) {
    auto& group = make(id);
    const auto key = offset_key(id, partition);
    if (committed.offset == -1 && committed.metadata.empty()) {
        group.offsets.erase(partition);
        return engine_.put(world_, key, {});
    }
    group.offsets[partition] = committed;
    return engine_.put(world_, planted("offset-not-written") ? "kafka/nowhere" : key,
                       pack(StoredOffset{committed.offset, committed.leader_epoch, committed.metadata}));
}

void Groups::reread(std::string_view id, const Partition& partition) {
    auto* group = get(id);
    if (!group || planted("failed-offset-kept")) return;
    const auto kept = engine_.get(world_, offset_key(id, partition));
    if (const auto stored = unpack<StoredOffset>(kept.value_or(""))) {
        group->offsets[partition] = {stored->offset, stored->leader_epoch, stored->metadata};
    } else {
        group->offsets.erase(partition);
    }
}

std::optional<CommittedOffset> Groups::offset(std::string_view id, const streams::Stream& stream, std::int32_t partition) {
    const auto* group = get(id);
    if (!group) return std::nullopt;
    if (const auto found = group->offsets.find({stream.topic_id, partition}); found != group->offsets.end()) return found->second;
    std::vector<std::int32_t> ancestors{partition};
    for (std::size_t i = 0; i < ancestors.size(); ++i) {
        const auto* shard = stream.shard(ancestors[i]);
        if (!shard) continue;
        for (const auto parent : shard->parents) {
            if (group->offsets.contains({stream.topic_id, parent}) && !planted("child-has-no-start")) {
                return CommittedOffset{
                    .offset = engine_.bounds(*stream.shard(partition)).begin, .leader_epoch = -1, .metadata = {}};
            }
            if (std::ranges::find(ancestors, parent) == ancestors.end()) ancestors.push_back(parent);
        }
    }
    return std::nullopt;
}

// The store forgets at once; memory one deletion later, because a deletion that could not be stored brings the topic back.
void Groups::forget_topic(const streams::Uuid& topic) {
    for (auto& [id, group] : groups_) {
        std::erase_if(group->offsets, [&](const auto& one) { return !engine_.find_topic(world_, one.first.first); });
        for (auto at = group->offsets.lower_bound({topic, std::numeric_limits<std::int32_t>::min()});
             at != group->offsets.end() && at->first.first == topic; ++at) {
            engine_.put(world_, offset_key(id, at->first), {});
        }
    }
}

}   // namespace sluice::kafka
