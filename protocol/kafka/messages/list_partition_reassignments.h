// ListPartitionReassignments v0: the changes of replicas that are under way (KIP-455).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ListPartitionReassignmentsRequest {
    static constexpr Api api{.key = 46, .name = "ListPartitionReassignments", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        std::string_view name;
        Array<std::int32_t> partition_indexes;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitionIndexes", m.partition_indexes, since(0));
        }
    };
    std::int32_t timeout_ms = 60000;
    std::optional<Array<Topic>> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("timeoutMs", m.timeout_ms, since(0));
        f("topics", m.topics, since(0).nullable(0));
    }
};

struct ListPartitionReassignmentsResponse {
    static constexpr Api api{.key = 46, .name = "ListPartitionReassignments", .min = 0, .max = 0, .flexible_from = 0};
    struct Partition {
        std::int32_t partition_index{};
        std::vector<std::int32_t> replicas;
        std::vector<std::int32_t> adding_replicas;
        std::vector<std::int32_t> removing_replicas;
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("replicas", m.replicas, since(0));
            f("addingReplicas", m.adding_replicas, since(0));
            f("removingReplicas", m.removing_replicas, since(0));
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
    ErrorCode error_code{};
    std::optional<std::string> error_message = "";
    std::vector<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("topics", m.topics, since(0));
    }
};

}   // namespace sluice::kafka
