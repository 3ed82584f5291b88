// CreatePartitions v0–3: raises topics to a count of partitions (KIP-195).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct CreatePartitionsRequest {
    static constexpr Api api{.key = 37, .name = "CreatePartitions", .min = 0, .max = 3, .flexible_from = 2};
    struct Assignment {
        Array<std::int32_t> broker_ids;
        static constexpr void fields(auto& m, auto& f) { f("brokerIds", m.broker_ids, since(0)); }
    };
    struct Topic {
        std::string_view name;
        std::int32_t count{};
        std::optional<Array<Assignment>> assignments = Array<Assignment>{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("count", m.count, since(0));
            f("assignments", m.assignments, since(0).nullable(0));
        }
    };
    Array<Topic> topics;
    std::int32_t timeout_ms{};
    bool validate_only{};
    static constexpr void fields(auto& m, auto& f) {
        f("topics", m.topics, since(0));
        f("timeoutMs", m.timeout_ms, since(0));
        f("validateOnly", m.validate_only, since(0));
    }
};

struct CreatePartitionsResponse {
    static constexpr Api api{.key = 37, .name = "CreatePartitions", .min = 0, .max = 3, .flexible_from = 2};
    struct Result {
        std::string name;
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Result> results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("results", m.results, since(0));
    }
};

}   // namespace sluice::kafka
