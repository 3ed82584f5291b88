// CreateTopics v2–7: topics by name with partitions, assignment and configs; -1 asks for the defaults since
// v4 (KIP-464). The answer describes what was made since v5 (KIP-525) and its id since v7 (KIP-516).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct CreateTopicsRequest {
    static constexpr Api api{.key = 19, .name = "CreateTopics", .min = 2, .max = 7, .flexible_from = 5};
    struct Assignment {
        std::int32_t partition_index{};
        Array<std::int32_t> broker_ids;
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("brokerIds", m.broker_ids, since(0));
        }
    };
    struct Config {
        std::string_view name;
        std::optional<std::string_view> value = "";
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("value", m.value, since(0).nullable(0));
        }
    };
    struct Topic {
        std::string_view name;
        std::int32_t num_partitions{};
        std::int16_t replication_factor{};
        Array<Assignment> assignments;
        Array<Config> configs;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("numPartitions", m.num_partitions, since(0));
            f("replicationFactor", m.replication_factor, since(0));
            f("assignments", m.assignments, since(0));
            f("configs", m.configs, since(0));
        }
    };
    Array<Topic> topics;
    std::int32_t timeout_ms = 60000;
    bool validate_only{};
    static constexpr void fields(auto& m, auto& f) {
        f("topics", m.topics, since(0));
        f("timeoutMs", m.timeout_ms, since(0));
        f("validateOnly", m.validate_only, since(1));
    }
};

struct CreateTopicsResponse {
    static constexpr Api api{.key = 19, .name = "CreateTopics", .min = 2, .max = 7, .flexible_from = 5};
    struct Config {
        std::string name;
        std::optional<std::string> value = "";
        bool read_only{};
        std::int8_t config_source = -1;
        bool is_sensitive{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(5));
            f("value", m.value, since(5).nullable(5));
            f("readOnly", m.read_only, since(5));
            f("configSource", m.config_source, since(5));
            f("isSensitive", m.is_sensitive, since(5));
        }
    };
    struct Topic {
        std::string name;
        Uuid topic_id;
        ErrorCode error_code{};
        std::optional<std::string> error_message = "";
        std::int16_t topic_config_error_code{};
        std::int32_t num_partitions = -1;
        std::int16_t replication_factor = -1;
        std::optional<std::vector<Config>> configs = std::vector<Config>{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("topicId", m.topic_id, since(7));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(1).nullable(0));
            f("topicConfigErrorCode", m.topic_config_error_code, since(5).tagged(0));
            f("numPartitions", m.num_partitions, since(5));
            f("replicationFactor", m.replication_factor, since(5));
            f("configs", m.configs, since(5).nullable(5));
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
