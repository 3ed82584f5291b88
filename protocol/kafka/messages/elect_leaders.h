// ElectLeaders v0–2: has leaders of partitions elected, the preferred ones or any (KIP-460).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ElectLeadersRequest {
    static constexpr Api api{.key = 43, .name = "ElectLeaders", .min = 0, .max = 2, .flexible_from = 2};
    struct Topic {
        std::string_view topic;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::int8_t election_type{};
    std::optional<Array<Topic>> topic_partitions = Array<Topic>{};
    std::int32_t timeout_ms = 60000;
    static constexpr void fields(auto& m, auto& f) {
        f("electionType", m.election_type, since(1));
        f("topicPartitions", m.topic_partitions, since(0).nullable(0));
        f("timeoutMs", m.timeout_ms, since(0));
    }
};

struct ElectLeadersResponse {
    static constexpr Api api{.key = 43, .name = "ElectLeaders", .min = 0, .max = 2, .flexible_from = 2};
    struct Partition {
        std::int32_t partition_id{};
        ErrorCode error_code{};
        std::optional<std::string> error_message = "";
        static constexpr void fields(auto& m, auto& f) {
            f("partitionId", m.partition_id, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
        }
    };
    struct Topic {
        std::string topic;
        std::vector<Partition> partition_result;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partitionResult", m.partition_result, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::vector<Topic> replica_election_results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(1));
        f("replicaElectionResults", m.replica_election_results, since(0));
    }
};

}   // namespace sluice::kafka
