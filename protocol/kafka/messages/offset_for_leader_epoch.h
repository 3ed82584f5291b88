// OffsetForLeaderEpoch v2–4: the end offset of a leader epoch, by which clients notice truncation
// (KIP-320).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct OffsetForLeaderEpochRequest {
    static constexpr Api api{.key = 23, .name = "OffsetForLeaderEpoch", .min = 2, .max = 4, .flexible_from = 4};
    struct Partition {
        std::int32_t partition{};
        std::int32_t current_leader_epoch = -1;
        std::int32_t leader_epoch{};
        static constexpr void fields(auto& m, auto& f) {
            f("partition", m.partition, since(0));
            f("currentLeaderEpoch", m.current_leader_epoch, since(2));
            f("leaderEpoch", m.leader_epoch, since(0));
        }
    };
    struct Topic {
        std::string_view topic;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::int32_t replica_id = -2;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("replicaId", m.replica_id, since(3));
        f("topics", m.topics, since(0));
    }
};

struct OffsetForLeaderEpochResponse {
    static constexpr Api api{.key = 23, .name = "OffsetForLeaderEpoch", .min = 2, .max = 4, .flexible_from = 4};
    struct Partition {
        ErrorCode error_code{};
        std::int32_t partition{};
        std::int32_t leader_epoch = -1;
        std::int64_t end_offset = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("partition", m.partition, since(0));
            f("leaderEpoch", m.leader_epoch, since(1));
            f("endOffset", m.end_offset, since(0));
        }
    };
    struct Topic {
        std::string topic;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(2));
        f("topics", m.topics, since(0));
    }
};

}   // namespace sluice::kafka
