// DeleteShareGroupOffsets v0 (KIP-932): a share group without members forgets topics.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DeleteShareGroupOffsetsRequest {
    static constexpr Api api{.key = 92, .name = "DeleteShareGroupOffsets", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        std::string_view topic_name;
        static constexpr void fields(auto& m, auto& f) { f("topicName", m.topic_name, since(0)); }
    };
    std::string_view group_id;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("topics", m.topics, since(0));
    }
};

struct DeleteShareGroupOffsetsResponse {
    static constexpr Api api{.key = 92, .name = "DeleteShareGroupOffsets", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        std::string topic_name;
        Uuid topic_id;
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        static constexpr void fields(auto& m, auto& f) {
            f("topicName", m.topic_name, since(0));
            f("topicId", m.topic_id, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    std::vector<Topic> responses;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("responses", m.responses, since(0));
    }
};

}   // namespace sluice::kafka
