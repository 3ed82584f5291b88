// DeleteShareGroupState v0 (KIP-932), of a broker to the share coordinator: a share partition is to be forgotten.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DeleteShareGroupStateRequest {
    static constexpr Api api{.key = 86, .name = "DeleteShareGroupState", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        struct Partition {
            std::int32_t partition{};
            static constexpr void fields(auto& m, auto& f) { f("partition", m.partition, since(0)); }
        };
        Uuid topic_id;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicId", m.topic_id, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::string_view group_id;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("topics", m.topics, since(0));
    }
};

struct DeleteShareGroupStateResponse {
    static constexpr Api api{.key = 86, .name = "DeleteShareGroupState", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        struct Partition {
            std::int32_t partition{};
            ErrorCode error_code{};
            std::optional<std::string> error_message;
            static constexpr void fields(auto& m, auto& f) {
                f("partition", m.partition, since(0));
                f("errorCode", m.error_code, since(0));
                f("errorMessage", m.error_message, since(0).nullable(0));
            }
        };
        Uuid topic_id;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicId", m.topic_id, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::vector<Topic> results;
    static constexpr void fields(auto& m, auto& f) { f("results", m.results, since(0)); }
};

}   // namespace sluice::kafka
