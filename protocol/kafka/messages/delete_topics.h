// DeleteTopics v1–6: topics go, by name, or since v6 by id too (KIP-516).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DeleteTopicsRequest {
    static constexpr Api api{.key = 20, .name = "DeleteTopics", .min = 1, .max = 6, .flexible_from = 4};
    struct Topic {
        std::optional<std::string_view> name;
        Uuid topic_id;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(6).nullable(6));
            f("topicId", m.topic_id, since(6));
        }
    };
    Array<Topic> topics;
    Array<std::string_view> topic_names;
    std::int32_t timeout_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("topics", m.topics, since(6));
        f("topicNames", m.topic_names, since(0).until(5));
        f("timeoutMs", m.timeout_ms, since(0));
    }
};

struct DeleteTopicsResponse {
    static constexpr Api api{.key = 20, .name = "DeleteTopics", .min = 1, .max = 6, .flexible_from = 4};
    struct Response {
        std::optional<std::string> name = "";
        Uuid topic_id;
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).nullable(6));
            f("topicId", m.topic_id, since(6));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(5).nullable(5));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Response> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("responses", m.topics, since(0));
    }
};

}   // namespace sluice::kafka
