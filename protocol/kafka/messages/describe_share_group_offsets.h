// DescribeShareGroupOffsets v0–1 (KIP-932): where share groups stand; v1 adds the lag (KIP-1226).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeShareGroupOffsetsRequest {
    static constexpr Api api{.key = 90, .name = "DescribeShareGroupOffsets", .min = 0, .max = 1, .flexible_from = 0};
    struct Group {
        struct Topic {
            std::string_view topic_name;
            Array<std::int32_t> partitions;
            static constexpr void fields(auto& m, auto& f) {
                f("topicName", m.topic_name, since(0));
                f("partitions", m.partitions, since(0));
            }
        };
        std::string_view group_id;
        std::optional<Array<Topic>> topics;
        static constexpr void fields(auto& m, auto& f) {
            f("groupId", m.group_id, since(0));
            f("topics", m.topics, since(0).nullable(0));
        }
    };
    Array<Group> groups;
    static constexpr void fields(auto& m, auto& f) { f("groups", m.groups, since(0)); }
};

struct DescribeShareGroupOffsetsResponse {
    static constexpr Api api{.key = 90, .name = "DescribeShareGroupOffsets", .min = 0, .max = 1, .flexible_from = 0};
    struct Group {
        struct Topic {
            struct Partition {
                std::int32_t partition_index{};
                std::int64_t start_offset{};
                std::int32_t leader_epoch{};
                std::int64_t lag = -1;
                ErrorCode error_code{};
                std::optional<std::string> error_message;
                static constexpr void fields(auto& m, auto& f) {
                    f("partitionIndex", m.partition_index, since(0));
                    f("startOffset", m.start_offset, since(0));
                    f("leaderEpoch", m.leader_epoch, since(0));
                    f("lag", m.lag, since(1));
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
        std::string group_id;
        std::vector<Topic> topics;
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        static constexpr void fields(auto& m, auto& f) {
            f("groupId", m.group_id, since(0));
            f("topics", m.topics, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Group> groups;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("groups", m.groups, since(0));
    }
};

}   // namespace sluice::kafka
