// ShareGroupDescribe v1 (KIP-932): state, members and assignment of share groups.
#pragma once

#include <limits>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ShareGroupDescribeRequest {
    static constexpr Api api{.key = 77, .name = "ShareGroupDescribe", .min = 1, .max = 1, .flexible_from = 0};
    Array<std::string_view> group_ids;
    bool include_authorized_operations{};
    static constexpr void fields(auto& m, auto& f) {
        f("groupIds", m.group_ids, since(0));
        f("includeAuthorizedOperations", m.include_authorized_operations, since(0));
    }
};

struct ShareGroupDescribeResponse {
    static constexpr Api api{.key = 77, .name = "ShareGroupDescribe", .min = 1, .max = 1, .flexible_from = 0};
    struct Group {
        struct Member {
            struct Assignment {
                struct TopicPartitions {
                    Uuid topic_id;
                    std::string topic_name;
                    std::vector<std::int32_t> partitions;
                    static constexpr void fields(auto& m, auto& f) {
                        f("topicId", m.topic_id, since(0));
                        f("topicName", m.topic_name, since(0));
                        f("partitions", m.partitions, since(0));
                    }
                };
                std::vector<TopicPartitions> topic_partitions;
                static constexpr void fields(auto& m, auto& f) { f("topicPartitions", m.topic_partitions, since(0)); }
            };
            std::string member_id;
            std::optional<std::string> rack_id;
            std::int32_t member_epoch{};
            std::string client_id;
            std::string client_host;
            std::vector<std::string> subscribed_topic_names;
            Assignment assignment;
            static constexpr void fields(auto& m, auto& f) {
                f("memberId", m.member_id, since(0));
                f("rackId", m.rack_id, since(0).nullable(0));
                f("memberEpoch", m.member_epoch, since(0));
                f("clientId", m.client_id, since(0));
                f("clientHost", m.client_host, since(0));
                f("subscribedTopicNames", m.subscribed_topic_names, since(0));
                f("assignment", m.assignment, since(0));
            }
        };
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::int32_t group_epoch{};
        std::int32_t assignment_epoch{};
        std::string assignor_name;
        std::vector<Member> members;
        std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("groupId", m.group_id, since(0));
            f("groupState", m.group_state, since(0));
            f("groupEpoch", m.group_epoch, since(0));
            f("assignmentEpoch", m.assignment_epoch, since(0));
            f("assignorName", m.assignor_name, since(0));
            f("members", m.members, since(0));
            f("authorizedOperations", m.authorized_operations, since(0));
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
