// AlterPartitionReassignments v0–1: other replicas for partitions, or the end of such a change (KIP-455).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AlterPartitionReassignmentsRequest {
    static constexpr Api api{.key = 45, .name = "AlterPartitionReassignments", .min = 0, .max = 1, .flexible_from = 0};
    struct Partition {
        std::int32_t partition_index{};
        std::optional<Array<std::int32_t>> replicas;
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("replicas", m.replicas, since(0).nullable(0));
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
    std::int32_t timeout_ms = 60000;
    bool allow_replication_factor_change = true;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("timeoutMs", m.timeout_ms, since(0));
        f("allowReplicationFactorChange", m.allow_replication_factor_change, since(1));
        f("topics", m.topics, since(0));
    }
};

struct AlterPartitionReassignmentsResponse {
    static constexpr Api api{.key = 45, .name = "AlterPartitionReassignments", .min = 0, .max = 1, .flexible_from = 0};
    struct Partition {
        std::int32_t partition_index{};
        ErrorCode error_code{};
        std::optional<std::string> error_message = "";
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
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
    bool allow_replication_factor_change = true;
    ErrorCode error_code{};
    std::optional<std::string> error_message = "";
    std::vector<Topic> responses;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("allowReplicationFactorChange", m.allow_replication_factor_change, since(1));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("responses", m.responses, since(0));
    }
};

}   // namespace sluice::kafka
