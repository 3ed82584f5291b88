// LeaveGroup v0–5: members go. v3 removes many at once (KIP-345), v5 carries a reason (KIP-800).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct LeaveGroupRequest {
    static constexpr Api api{.key = 13, .name = "LeaveGroup", .min = 0, .max = 5, .flexible_from = 4};
    struct Member {
        std::string_view member_id;
        std::optional<std::string_view> group_instance_id;
        std::optional<std::string_view> reason;
        static constexpr void fields(auto& m, auto& f) {
            f("memberId", m.member_id, since(3));
            f("groupInstanceId", m.group_instance_id, since(3).nullable(3));
            f("reason", m.reason, since(5).nullable(5));
        }
    };
    std::string_view group_id;
    std::string_view member_id;
    Array<Member> members;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("memberId", m.member_id, since(0).until(2));
        f("members", m.members, since(3));
    }
};

struct LeaveGroupResponse {
    static constexpr Api api{.key = 13, .name = "LeaveGroup", .min = 0, .max = 5, .flexible_from = 4};
    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id = "";
        ErrorCode error_code{};
        static constexpr void fields(auto& m, auto& f) {
            f("memberId", m.member_id, since(3));
            f("groupInstanceId", m.group_instance_id, since(3).nullable(3));
            f("errorCode", m.error_code, since(3));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::vector<Member> members;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("errorCode", m.error_code, since(0));
        f("members", m.members, since(3));
    }
};

}   // namespace sluice::kafka
