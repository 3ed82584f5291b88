// Fetch v4–18: record batches of partitions, waiting up to maxWaitMs for minBytes. Sessions since v7
// (KIP-227), closest replica since v11 (KIP-392), flexible since v12, topic ids since v13 (KIP-516),
// nodeEndpoints since v16 (KIP-951).
#pragma once

#include <limits>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct FetchRequest {
    static constexpr Api api{.key = 1, .name = "Fetch", .min = 4, .max = 18, .flexible_from = 12};
    struct ReplicaState {
        std::int32_t replica_id = -1;
        std::int64_t replica_epoch = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("replicaId", m.replica_id, since(15));
            f("replicaEpoch", m.replica_epoch, since(15));
        }
        bool operator==(const ReplicaState&) const = default;
    };
    struct Partition {
        std::int32_t partition{};
        std::int32_t current_leader_epoch = -1;
        std::int64_t fetch_offset{};
        std::int32_t last_fetched_epoch = -1;
        std::int64_t log_start_offset = -1;
        std::int32_t partition_max_bytes{};
        Uuid replica_directory_id;
        std::int64_t high_watermark = std::numeric_limits<std::int64_t>::max();
        static constexpr void fields(auto& m, auto& f) {
            f("partition", m.partition, since(0));
            f("currentLeaderEpoch", m.current_leader_epoch, since(9));
            f("fetchOffset", m.fetch_offset, since(0));
            f("lastFetchedEpoch", m.last_fetched_epoch, since(12));
            f("logStartOffset", m.log_start_offset, since(5));
            f("partitionMaxBytes", m.partition_max_bytes, since(0));
            f("replicaDirectoryId", m.replica_directory_id, since(17).tagged(0));
            f("highWatermark", m.high_watermark, since(18).tagged(1));
        }
    };
    struct Topic {
        std::string_view topic;
        Uuid topic_id;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0).until(12));
            f("topicId", m.topic_id, since(13));
            f("partitions", m.partitions, since(0));
        }
    };
    struct ForgottenTopic {
        std::string_view topic;
        Uuid topic_id;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(7).until(12));
            f("topicId", m.topic_id, since(13));
            f("partitions", m.partitions, since(7));
        }
    };
    std::optional<std::string_view> cluster_id;
    std::int32_t replica_id = -1;
    ReplicaState replica_state;
    std::int32_t max_wait_ms{};
    std::int32_t min_bytes{};
    std::int32_t max_bytes = std::numeric_limits<std::int32_t>::max();
    std::int8_t isolation_level{};
    std::int32_t session_id{};
    std::int32_t session_epoch = -1;
    Array<Topic> topics;
    Array<ForgottenTopic> forgotten_topics;
    std::string_view rack_id;
    static constexpr void fields(auto& m, auto& f) {
        f("clusterId", m.cluster_id, since(12).nullable(12).tagged(0));
        f("replicaId", m.replica_id, since(0).until(14));
        f("replicaState", m.replica_state, since(15).tagged(1));
        f("maxWaitMs", m.max_wait_ms, since(0));
        f("minBytes", m.min_bytes, since(0));
        f("maxBytes", m.max_bytes, since(3));
        f("isolationLevel", m.isolation_level, since(4));
        f("sessionId", m.session_id, since(7));
        f("sessionEpoch", m.session_epoch, since(7));
        f("topics", m.topics, since(0));
        f("forgottenTopicsData", m.forgotten_topics, since(7));
        f("rackId", m.rack_id, since(11));
    }
};

struct FetchResponse {
    static constexpr Api api{.key = 1, .name = "Fetch", .min = 4, .max = 18, .flexible_from = 12};
    struct EpochEnd {
        std::int32_t epoch = -1;
        std::int64_t end_offset = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("epoch", m.epoch, since(12));
            f("endOffset", m.end_offset, since(12));
        }
        bool operator==(const EpochEnd&) const = default;
    };
    struct Leader {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("leaderId", m.leader_id, since(12));
            f("leaderEpoch", m.leader_epoch, since(12));
        }
        bool operator==(const Leader&) const = default;
    };
    struct SnapshotId {
        std::int64_t end_offset = -1;
        std::int32_t epoch = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("endOffset", m.end_offset, since(0));
            f("epoch", m.epoch, since(0));
        }
        bool operator==(const SnapshotId&) const = default;
    };
    struct AbortedTransaction {
        std::int64_t producer_id{};
        std::int64_t first_offset{};
        static constexpr void fields(auto& m, auto& f) {
            f("producerId", m.producer_id, since(4));
            f("firstOffset", m.first_offset, since(4));
        }
    };
    struct Partition {
        std::int32_t partition_index{};
        ErrorCode error_code{};
        std::int64_t high_watermark{};
        std::int64_t last_stable_offset = -1;
        std::int64_t log_start_offset = -1;
        EpochEnd diverging_epoch;
        Leader current_leader;
        SnapshotId snapshot_id;
        std::optional<std::vector<AbortedTransaction>> aborted_transactions = std::vector<AbortedTransaction>{};
        std::int32_t preferred_read_replica = -1;
        RecordList records;
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("errorCode", m.error_code, since(0));
            f("highWatermark", m.high_watermark, since(0));
            f("lastStableOffset", m.last_stable_offset, since(4));
            f("logStartOffset", m.log_start_offset, since(5));
            f("divergingEpoch", m.diverging_epoch, since(12).tagged(0));
            f("currentLeader", m.current_leader, since(12).tagged(1));
            f("snapshotId", m.snapshot_id, since(12).tagged(2));
            f("abortedTransactions", m.aborted_transactions, since(4).nullable(4));
            f("preferredReadReplica", m.preferred_read_replica, since(11));
            f("records", m.records, since(0).nullable(0));
        }
    };
    struct Topic {
        std::string topic;
        Uuid topic_id;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0).until(12));
            f("topicId", m.topic_id, since(13));
            f("partitions", m.partitions, since(0));
        }
    };
    struct Node {
        std::int32_t node_id{};
        std::string host;
        std::int32_t port{};
        std::optional<std::string> rack;
        static constexpr void fields(auto& m, auto& f) {
            f("nodeId", m.node_id, since(16));
            f("host", m.host, since(16));
            f("port", m.port, since(16));
            f("rack", m.rack, since(16).nullable(16));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::int32_t session_id{};
    std::vector<Topic> topics;
    std::vector<Node> node_endpoints;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("errorCode", m.error_code, since(7));
        f("sessionId", m.session_id, since(7));
        f("responses", m.topics, since(0));
        f("nodeEndpoints", m.node_endpoints, since(16).tagged(0));
    }
};

}   // namespace sluice::kafka
