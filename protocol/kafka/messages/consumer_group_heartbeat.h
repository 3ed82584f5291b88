// ConsumerGroupHeartbeat v0-1: the one request by which a member of a consumer group joins, stays, says what it owns, learns
// what it is to own, and leaves (KIP-848). Epoch 0 joins, -1 leaves, -2 leaves a static place for a while; null and -1 in the
// other fields mean unchanged. v1 lets clients choose the member id and adds a regular expression.
#pragma once

#include <optional>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ConsumerGroupHeartbeatRequest {
    static constexpr Api api{.key = 68, .name = "ConsumerGroupHeartbeat", .min = 0, .max = 1, .flexible_from = 0};
    struct TopicPartitions {
        Uuid topic_id;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicId", m.topic_id, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::string_view group_id;
    std::string_view member_id;
    std::int32_t member_epoch{};
    std::optional<std::string_view> instance_id;
    std::optional<std::string_view> rack_id;
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<Array<std::string_view>> subscribed_topic_names;
    std::optional<std::string_view> subscribed_topic_regex;
    std::optional<std::string_view> server_assignor;
    std::optional<Array<TopicPartitions>> topic_partitions;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("memberId", m.member_id, since(0));
        f("memberEpoch", m.member_epoch, since(0));
        f("instanceId", m.instance_id, since(0).nullable(0));
        f("rackId", m.rack_id, since(0).nullable(0));
        f("rebalanceTimeoutMs", m.rebalance_timeout_ms, since(0));
        f("subscribedTopicNames", m.subscribed_topic_names, since(0).nullable(0));
        f("subscribedTopicRegex", m.subscribed_topic_regex, since(1).nullable(1));
        f("serverAssignor", m.server_assignor, since(0).nullable(0));
        f("topicPartitions", m.topic_partitions, since(0).nullable(0));
    }
};

struct ConsumerGroupHeartbeatResponse {
    static constexpr Api api{.key = 68, .name = "ConsumerGroupHeartbeat", .min = 0, .max = 1, .flexible_from = 0};
    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicId", m.topic_id, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    struct Assignment {
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
