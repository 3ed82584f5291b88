// ListOffsets v1–11: the first offset at or after a timestamp, or for a negative one: -1 latest, -2
// earliest, -3 largest timestamp (v7, KIP-734), -4 earliest local and -5 latest tiered (KIP-405, KIP-1005).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ListOffsetsRequest {
    static constexpr Api api{.key = 2, .name = "ListOffsets", .min = 1, .max = 11, .flexible_from = 6};
    struct Partition {
        std::int32_t partition_index{};
        std::int32_t current_leader_epoch = -1;
        std::int64_t timestamp{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("currentLeaderEpoch", m.current_leader_epoch, since(4));
            f("timestamp", m.timestamp, since(0));
        }
    };
    struct Topic {
        std::string_view name;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::int32_t replica_id{};
    std::int8_t isolation_level{};
    Array<Topic> topics;
    std::int32_t timeout_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("replicaId", m.replica_id, since(0));
        f("isolationLevel", m.isolation_level, since(2));
        f("topics", m.topics, since(0));
        f("timeoutMs", m.timeout_ms, since(10));
    }
};

struct ListOffsetsResponse {
    static constexpr Api api{.key = 2, .name = "ListOffsets", .min = 1, .max = 11, .flexible_from = 6};
    struct Partition {
        std::int32_t partition_index{};
        ErrorCode error_code{};
        std::int64_t timestamp = -1;
        std::int64_t offset = -1;
        std::int32_t leader_epoch = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("errorCode", m.error_code, since(0));
            f("timestamp", m.timestamp, since(1));
            f("offset", m.offset, since(1));
            f("leaderEpoch", m.leader_epoch, since(4));
        }
    };
    struct Topic {
        std::string name;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
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
