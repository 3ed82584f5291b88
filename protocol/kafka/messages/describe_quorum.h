// DescribeQuorum v0–2: the voters of the metadata log and how far each has read it (KIP-595).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeQuorumRequest {
    static constexpr Api api{.key = 55, .name = "DescribeQuorum", .min = 0, .max = 2, .flexible_from = 0};
    struct Partition {
        std::int32_t partition_index{};
        static constexpr void fields(auto& m, auto& f) { f("partitionIndex", m.partition_index, since(0)); }
    };
    struct Topic {
        std::string_view topic_name;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicName", m.topic_name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) { f("topics", m.topics, since(0)); }
};

struct DescribeQuorumResponse {
    static constexpr Api api{.key = 55, .name = "DescribeQuorum", .min = 0, .max = 2, .flexible_from = 0};
    struct Replica {
        std::int32_t replica_id{};
        Uuid replica_directory_id;
        std::int64_t log_end_offset{};
        std::int64_t last_fetch_timestamp = -1;
        std::int64_t last_caught_up_timestamp = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("replicaId", m.replica_id, since(0));
            f("replicaDirectoryId", m.replica_directory_id, since(2));
            f("logEndOffset", m.log_end_offset, since(0));
            f("lastFetchTimestamp", m.last_fetch_timestamp, since(1));
            f("lastCaughtUpTimestamp", m.last_caught_up_timestamp, since(1));
        }
    };
    struct Partition {
        std::int32_t partition_index{};
        ErrorCode error_code{};
        std::optional<std::string> error_message = "";
        std::int32_t leader_id{};
        std::int32_t leader_epoch{};
        std::int64_t high_watermark{};
        std::vector<Replica> current_voters;
        std::vector<Replica> observers;
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(2).nullable(2));
            f("leaderId", m.leader_id, since(0));
            f("leaderEpoch", m.leader_epoch, since(0));
            f("highWatermark", m.high_watermark, since(0));
            f("currentVoters", m.current_voters, since(0));
            f("observers", m.observers, since(0));
        }
    };
    struct Topic {
        std::string topic_name;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicName", m.topic_name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    struct Listener {
        std::string name;
        std::string host;
        std::uint16_t port{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(2));
            f("host", m.host, since(2));
            f("port", m.port, since(2));
        }
    };
    struct Node {
        std::int32_t node_id{};
        std::vector<Listener> listeners;
        static constexpr void fields(auto& m, auto& f) {
            f("nodeId", m.node_id, since(2));
            f("listeners", m.listeners, since(2));
        }
    };
    ErrorCode error_code{};
    std::optional<std::string> error_message = "";
    std::vector<Topic> topics;
    std::vector<Node> nodes;
    static constexpr void fields(auto& m, auto& f) {
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(2).nullable(2));
        f("topics", m.topics, since(0));
        f("nodes", m.nodes, since(2));
    }
};

}   // namespace sluice::kafka
