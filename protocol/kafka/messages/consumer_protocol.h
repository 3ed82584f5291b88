// What members of a classic consumer group say to each other inside JoinGroup's metadata and SyncGroup's assignment.
// On the wire an int16 version stands before the fields. The server passes it on unread; tools describe it.
#pragma once

#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ConsumerProtocolSubscription {
    static constexpr Api api{.key = -1, .name = "ConsumerProtocolSubscription", .min = 0, .max = 3};
    struct Topic {
        std::string_view topic;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(1));
            f("partitions", m.partitions, since(1));
        }
    };
    Array<std::string_view> topics;
    std::optional<Bytes> user_data;
    Array<Topic> owned_partitions;
    std::int32_t generation_id = -1;
    std::optional<std::string_view> rack_id;
    static constexpr void fields(auto& m, auto& f) {
        f("topics", m.topics, since(0));
        f("userData", m.user_data, since(0).nullable(0));
        f("ownedPartitions", m.owned_partitions, since(1));
        f("generationId", m.generation_id, since(2));
        f("rackId", m.rack_id, since(3).nullable(3));
    }
};

struct ConsumerProtocolAssignment {
    static constexpr Api api{.key = -1, .name = "ConsumerProtocolAssignment", .min = 0, .max = 3};
    struct Topic {
        std::string_view topic;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    Array<Topic> assigned_partitions;
    std::optional<Bytes> user_data;
    static constexpr void fields(auto& m, auto& f) {
        f("assignedPartitions", m.assigned_partitions, since(0));
        f("userData", m.user_data, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
