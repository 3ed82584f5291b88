// Metadata v0–13: brokers and topics. Topics null (v0: empty) asks for all; allowAutoTopicCreation since
// v4; topic ids since v10 (KIP-516), topics asked by id with a null name since v12.
#pragma once

#include <limits>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct MetadataRequest {
    static constexpr Api api{.key = 3, .name = "Metadata", .min = 0, .max = 13, .flexible_from = 9};
    struct Topic {
        Uuid topic_id;
        std::optional<std::string_view> name = "";
        static constexpr void fields(auto& m, auto& f) {
            f("topicId", m.topic_id, since(10));
            f("name", m.name, since(0).nullable(10));
        }
    };
    std::optional<Array<Topic>> topics = Array<Topic>{};
    bool allow_auto_topic_creation = true;
    bool include_cluster_authorized_operations{};
    bool include_topic_authorized_operations{};
    static constexpr void fields(auto& m, auto& f) {
        f("topics", m.topics, since(0).nullable(1));
        f("allowAutoTopicCreation", m.allow_auto_topic_creation, since(4));
        f("includeClusterAuthorizedOperations", m.include_cluster_authorized_operations, since(8).until(10));
        f("includeTopicAuthorizedOperations", m.include_topic_authorized_operations, since(8));
    }
};

struct MetadataResponse {
    static constexpr Api api{.key = 3, .name = "Metadata", .min = 0, .max = 13, .flexible_from = 9};
    struct Broker {
        std::int32_t node_id{};
        std::string host;
        std::int32_t port{};
        std::optional<std::string> rack;
        static constexpr void fields(auto& m, auto& f) {
            f("nodeId", m.node_id, since(0));
            f("host", m.host, since(0));
            f("port", m.port, since(0));
            f("rack", m.rack, since(1).nullable(1));
        }
    };
    struct Partition {
        ErrorCode error_code{};
        std::int32_t partition_index{};
        std::int32_t leader_id{};
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes;
        std::vector<std::int32_t> isr_nodes;
        std::vector<std::int32_t> offline_replicas;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("partitionIndex", m.partition_index, since(0));
            f("leaderId", m.leader_id, since(0));
            f("leaderEpoch", m.leader_epoch, since(7));
            f("replicaNodes", m.replica_nodes, since(0));
            f("isrNodes", m.isr_nodes, since(0));
            f("offlineReplicas", m.offline_replicas, since(5));
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
            f("name", m.name, since(0).nullable(12));
            f("topicId", m.topic_id, since(10));
            f("isInternal", m.is_internal, since(1));
            f("partitions", m.partitions, since(0));
            f("topicAuthorizedOperations", m.topic_authorized_operations, since(8));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Broker> brokers;
    std::optional<std::string> cluster_id;
    std::int32_t controller_id = -1;
    std::vector<Topic> topics;
    std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
    ErrorCode error_code{};
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(3));
        f("brokers", m.brokers, since(0));
        f("clusterId", m.cluster_id, since(2).nullable(2));
        f("controllerId", m.controller_id, since(1));
        f("topics", m.topics, since(0));
        f("clusterAuthorizedOperations", m.cluster_authorized_operations, since(8).until(10));
        f("errorCode", m.error_code, since(13));
    }
};

}   // namespace sluice::kafka
