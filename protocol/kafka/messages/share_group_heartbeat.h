// ShareGroupHeartbeat v1 (KIP-932): a member of a share group joins, says that it lives, hears its partitions, and leaves.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ShareGroupHeartbeatRequest {
    static constexpr Api api{.key = 76, .name = "ShareGroupHeartbeat", .min = 1, .max = 1, .flexible_from = 0};
    std::string_view group_id;
    std::string_view member_id;
    std::int32_t member_epoch{};
    std::optional<std::string_view> rack_id;
    std::optional<Array<std::string_view>> subscribed_topic_names;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("memberId", m.member_id, since(0));
        f("memberEpoch", m.member_epoch, since(0));
        f("rackId", m.rack_id, since(0).nullable(0));
        f("subscribedTopicNames", m.subscribed_topic_names, since(0).nullable(0));
    }
};

struct ShareGroupHeartbeatResponse {
    static constexpr Api api{.key = 76, .name = "ShareGroupHeartbeat", .min = 1, .max = 1, .flexible_from = 0};
    struct Assignment {
        struct TopicPartitions {
            Uuid topic_id;
            std::vector<std::int32_t> partitions;
            static constexpr void fields(auto& m, auto& f) {
                f("topicId", m.topic_id, since(0));
                f("partitions", m.partitions, since(0));
            }
        };
        std::vector<TopicPartitions> topic_partitions;
        static constexpr void fields(auto& m, auto& f) { f("topicPartitions", m.topic_partitions, since(0)); }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    std::optional<std::string> member_id;
    std::int32_t member_epoch{};
    std::int32_t heartbeat_interval_ms{};
    std::optional<Assignment> assignment;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("memberId", m.member_id, since(0).nullable(0));
        f("memberEpoch", m.member_epoch, since(0));
        f("heartbeatIntervalMs", m.heartbeat_interval_ms, since(0));
        f("assignment", m.assignment, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
