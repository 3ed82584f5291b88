// AlterShareGroupOffsets v0 (KIP-932): where a share group without members goes on.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AlterShareGroupOffsetsRequest {
    static constexpr Api api{.key = 91, .name = "AlterShareGroupOffsets", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        struct Partition {
            std::int32_t partition_index{};
            std::int64_t start_offset{};
            static constexpr void fields(auto& m, auto& f) {
                f("partitionIndex", m.partition_index, since(0));
                f("startOffset", m.start_offset, since(0));
            }
        };
        std::string_view topic_name;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicName", m.topic_name, since(0));
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

struct AlterShareGroupOffsetsResponse {
    static constexpr Api api{.key = 91, .name = "AlterShareGroupOffsets", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        struct Partition {
            std::int32_t partition_index{};
            ErrorCode error_code{};
            std::optional<std::string> error_message;
            static constexpr void fields(auto& m, auto& f) {
                f("partitionIndex", m.partition_index, since(0));
                f("errorCode", m.error_code, since(0));
                f("errorMessage", m.error_message, since(0).nullable(0));
            }
        };
        std::string topic_name;
        Uuid topic_id;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicName", m.topic_name, since(0));
            f("topicId", m.topic_id, since(0));
            f("partitions", m.partitions, since(0));
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
