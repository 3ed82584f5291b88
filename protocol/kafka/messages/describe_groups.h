// DescribeGroups v0–6: state and members of classic groups. v6 answers GROUP_ID_NOT_FOUND with a text
// (KIP-1043).
#pragma once

#include <limits>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeGroupsRequest {
    static constexpr Api api{.key = 15, .name = "DescribeGroups", .min = 0, .max = 6, .flexible_from = 5};
    Array<std::string_view> groups;
    bool include_authorized_operations{};
    static constexpr void fields(auto& m, auto& f) {
        f("groups", m.groups, since(0));
        f("includeAuthorizedOperations", m.include_authorized_operations, since(3));
    }
};

struct DescribeGroupsResponse {
    static constexpr Api api{.key = 15, .name = "DescribeGroups", .min = 0, .max = 6, .flexible_from = 5};
    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::string client_id;
        std::string client_host;
        Blob member_metadata;
        Blob member_assignment;
        static constexpr void fields(auto& m, auto& f) {
            f("memberId", m.member_id, since(0));
            f("groupInstanceId", m.group_instance_id, since(4).nullable(4));
            f("clientId", m.client_id, since(0));
            f("clientHost", m.client_host, since(0));
            f("memberMetadata", m.member_metadata, since(0));
            f("memberAssignment", m.member_assignment, since(0));
        }
    };
    struct Group {
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::string protocol_type;
        std::string protocol_data;
        std::vector<Member> members;
        std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(6).nullable(6));
            f("groupId", m.group_id, since(0));
            f("groupState", m.group_state, since(0));
            f("protocolType", m.protocol_type, since(0));
            f("protocolData", m.protocol_data, since(0));
            f("members", m.members, since(0));
            f("authorizedOperations", m.authorized_operations, since(3));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Group> groups;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("groups", m.groups, since(0));
    }
};

}   // namespace sluice::kafka
