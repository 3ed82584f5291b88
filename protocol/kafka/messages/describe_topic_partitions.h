// DescribeTopicPartitions v0: partitions of topics, page by page with a cursor (KIP-966).
#pragma once

#include <limits>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeTopicPartitionsRequest {
    static constexpr Api api{.key = 75, .name = "DescribeTopicPartitions", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        std::string_view name;
        static constexpr void fields(auto& m, auto& f) { f("name", m.name, since(0)); }
    };
    struct Cursor {
        std::string_view topic_name;
        std::int32_t partition_index{};
        static constexpr void fields(auto& m, auto& f) {
            f("topicName", m.topic_name, since(0));
            f("partitionIndex", m.partition_index, since(0));
        }
    };
    Array<Topic> topics;
    std::int32_t response_partition_limit = 2000;
    std::optional<Cursor> cursor;
    static constexpr void fields(auto& m, auto& f) {
        f("topics", m.topics, since(0));
        f("responsePartitionLimit", m.response_partition_limit, since(0));
        f("cursor", m.cursor, since(0).nullable(0));
    }
};

struct DescribeTopicPartitionsResponse {
    static constexpr Api api{.key = 75, .name = "DescribeTopicPartitions", .min = 0, .max = 0, .flexible_from = 0};
    struct Partition {
        ErrorCode error_code{};
        std::int32_t partition_index{};
        std::int32_t leader_id{};
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes;
        std::vector<std::int32_t> isr_nodes;
        std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
        std::optional<std::vector<std::int32_t>> last_known_elr;
        std::vector<std::int32_t> offline_replicas;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("partitionIndex", m.partition_index, since(0));
            f("leaderId", m.leader_id, since(0));
            f("leaderEpoch", m.leader_epoch, since(0));
            f("replicaNodes", m.replica_nodes, since(0));
            f("isrNodes", m.isr_nodes, since(0));
            f("eligibleLeaderReplicas", m.eligible_leader_replicas, since(0).nullable(0));
            f("lastKnownElr", m.last_known_elr, since(0).nullable(0));
            f("offlineReplicas", m.offline_replicas, since(0));
        }
    };
    struct Topic {
        ErrorCode error_code{};
        std::optional<std::string> name = "";
        Uuid topic_id;
        bool is_internal{};
        std::vector<Partition> partitions;
        std::int32_t topic_authorized_operations = std::numeric_limits<std::int32_t>::min();
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("name", m.name, since(0).nullable(0));
            f("topicId", m.topic_id, since(0));
            f("isInternal", m.is_internal, since(0));
            f("partitions", m.partitions, since(0));
            f("topicAuthorizedOperations", m.topic_authorized_operations, since(0));
        }
    };
    struct Cursor {
        std::string topic_name;
        std::int32_t partition_index{};
        static constexpr void fields(auto& m, auto& f) {
            f("topicName", m.topic_name, since(0));
            f("partitionIndex", m.partition_index, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Topic> topics;
    std::optional<Cursor> next_cursor;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("topics", m.topics, since(0));
        f("nextCursor", m.next_cursor, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
