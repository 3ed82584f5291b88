// What of consumer groups (KIP-848) is in the store: a group's epochs, and each member as a value of its own, so that a change
// costs the members that it concerns.
// Keys: "kafka/consumers/" id; "kafka/consumer/" length of the group's id (4, big endian), id, member id.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/kafka/groups/assignment.h"
#include "emulator/kafka/groups/stored.h"

namespace sluice::kafka {

struct StoredConsumerGroup {
    static constexpr Api api{.key = -1, .name = "StoredConsumerGroup", .min = 0, .max = 0, .flexible_from = 0};
    std::int32_t epoch{}, assignment_epoch{};
    std::int64_t empty_since_ms = 0;   // virtual time
    static constexpr void fields(auto& m, auto& f) {
        f("epoch", m.epoch, since(0));
        f("assignmentEpoch", m.assignment_epoch, since(0));
        f("emptySinceMs", m.empty_since_ms, since(0));
    }
};

struct StoredConsumerMember {
    static constexpr Api api{.key = -1, .name = "StoredConsumerMember", .min = 0, .max = 1, .flexible_from = 0};
    struct Topic {
        Uuid topic;
        std::vector<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::string id;
    std::optional<std::string> instance, rack;
    std::string client_id, client_host;
    std::int32_t epoch{}, previous_epoch{}, rebalance_timeout_ms{};
    std::vector<std::string> names;
    std::string regex, assignor;
    std::int8_t place{};
    std::vector<Topic> assigned, revoking, target;
    std::int32_t session_timeout_ms{};   // these two of a member of the classic protocol
    std::vector<StoredGroup::Protocol> protocols;
    std::string principal;   // as text; empty in version 0
    static constexpr void fields(auto& m, auto& f) {
        f("id", m.id, since(0));
        f("instance", m.instance, since(0).nullable(0));
        f("rack", m.rack, since(0).nullable(0));
        f("clientId", m.client_id, since(0));
        f("clientHost", m.client_host, since(0));
        f("epoch", m.epoch, since(0));
        f("previousEpoch", m.previous_epoch, since(0));
        f("rebalanceTimeoutMs", m.rebalance_timeout_ms, since(0));
        f("names", m.names, since(0));
        f("regex", m.regex, since(0));
        f("assignor", m.assignor, since(0));
        f("place", m.place, since(0));
        f("assigned", m.assigned, since(0));
        f("revoking", m.revoking, since(0));
        f("target", m.target, since(0));
        f("sessionTimeoutMs", m.session_timeout_ms, since(0));
        f("protocols", m.protocols, since(0));
        f("principal", m.principal, since(1));
    }
};

inline constexpr std::string_view consumers_prefix = "kafka/consumers/", consumer_prefix = "kafka/consumer/";
inline std::string consumers_key(std::string_view group) { return std::string(consumers_prefix).append(group); }

}   // namespace sluice::kafka
