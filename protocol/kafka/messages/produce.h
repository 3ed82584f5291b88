// Produce v3–13: record batches for partitions. v9 flexible; v13 names topics by id (KIP-516) instead of by
// name. recordErrors since v8 (KIP-467), currentLeader and nodeEndpoints since v10 (KIP-951). acks = 0 gets
// no answer at all.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ProduceRequest {
    static constexpr Api api{.key = 0, .name = "Produce", .min = 3, .max = 13, .flexible_from = 9};
    struct Partition {
        std::int32_t index{};
        Records records;
        static constexpr void fields(auto& m, auto& f) {
            f("index", m.index, since(0));
            f("records", m.records, since(0).nullable(0));
        }
    };
    struct Topic {
        std::string_view name;
        Uuid topic_id;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).until(12));
            f("topicId", m.topic_id, since(13));
            f("partitionData", m.partitions, since(0));
        }
    };
    std::optional<std::string_view> transactional_id;
    std::int16_t acks{};
    std::int32_t timeout_ms{};
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("transactionalId", m.transactional_id, since(3).nullable(3));
        f("acks", m.acks, since(0));
        f("timeoutMs", m.timeout_ms, since(0));
        f("topicData", m.topics, since(0));
    }
};

struct ProduceResponse {
    static constexpr Api api{.key = 0, .name = "Produce", .min = 3, .max = 13, .flexible_from = 9};
    struct RecordError {
        std::int32_t batch_index{};
        std::optional<std::string> batch_index_error_message;
        static constexpr void fields(auto& m, auto& f) {
            f("batchIndex", m.batch_index, since(8));
            f("batchIndexErrorMessage", m.batch_index_error_message, since(8).nullable(8));
        }
    };
    struct Leader {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("leaderId", m.leader_id, since(10));
            f("leaderEpoch", m.leader_epoch, since(10));
        }
        bool operator==(const Leader&) const = default;
    };
    struct Partition {
        std::int32_t index{};
        ErrorCode error_code{};
        std::int64_t base_offset{};
        std::int64_t log_append_time_ms = -1;
        std::int64_t log_start_offset = -1;
        std::vector<RecordError> record_errors;
        std::optional<std::string> error_message;
        Leader current_leader;
        static constexpr void fields(auto& m, auto& f) {
            f("index", m.index, since(0));
            f("errorCode", m.error_code, since(0));
            f("baseOffset", m.base_offset, since(0));
            f("logAppendTimeMs", m.log_append_time_ms, since(2));
            f("logStartOffset", m.log_start_offset, since(5));
            f("recordErrors", m.record_errors, since(8));
            f("errorMessage", m.error_message, since(8).nullable(8));
            f("currentLeader", m.current_leader, since(10).tagged(0));
        }
    };
    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).until(12));
            f("topicId", m.topic_id, since(13));
            f("partitionResponses", m.partitions, since(0));
        }
    };
    struct Node {
        std::int32_t node_id{};
        std::string host;
        std::int32_t port{};
        std::optional<std::string> rack;
        static constexpr void fields(auto& m, auto& f) {
            f("nodeId", m.node_id, since(10));
            f("host", m.host, since(10));
            f("port", m.port, since(10));
            f("rack", m.rack, since(10).nullable(10));
        }
    };
    std::vector<Topic> topics;
    std::int32_t throttle_time_ms{};
    std::vector<Node> node_endpoints;
    static constexpr void fields(auto& m, auto& f) {
        f("responses", m.topics, since(0));
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("nodeEndpoints", m.node_endpoints, since(10).tagged(0));
    }
};

}   // namespace sluice::kafka
