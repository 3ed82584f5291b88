// What of groups is in the store, in the schema that messages on the wire use: declared once, new fields get a new version.
// Keys: "kafka/group/" id; "kafka/offset/" id, NUL, topic id (16 bytes), partition (4, big endian).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emulator/streams/stream.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

using Partition = std::pair<streams::Uuid, std::int32_t>;   // by topic id: a re-created topic starts afresh

// A generation with the assignment that its members have; without members, since when the group is empty.
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
    std::int64_t empty_since_ms = 0;   // virtual time
    static constexpr void fields(auto& m, auto& f) {
        f("generation", m.generation, since(0));
        f("protocolType", m.protocol_type, since(0));
        f("protocol", m.protocol, since(0));
        f("leader", m.leader, since(0));
        f("members", m.members, since(0));
        f("emptySinceMs", m.empty_since_ms, since(0));
    }
};

struct StoredOffset {
    static constexpr Api api{.key = -1, .name = "StoredOffset", .min = 0, .max = 0, .flexible_from = 0};
    std::int64_t offset{};
    std::int32_t leader_epoch = -1;
    std::string metadata;
    std::int64_t committed_ms = 0;   // virtual time
    static constexpr void fields(auto& m, auto& f) {
        f("offset", m.offset, since(0));
        f("leaderEpoch", m.leader_epoch, since(0));
        f("metadata", m.metadata, since(0));
        f("committedMs", m.committed_ms, since(0));
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

inline constexpr std::string_view group_prefix = "kafka/group/", offset_prefix = "kafka/offset/";
inline std::string group_key(std::string_view group) { return std::string(group_prefix).append(group); }
std::string offset_key(std::string_view group, const Partition&);
// Of a key without its prefix; nothing for what is no such key.
std::optional<std::pair<std::string_view, Partition>> parse_offset_key(std::string_view);

}   // namespace sluice::kafka
