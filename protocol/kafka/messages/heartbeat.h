// Heartbeat v0–4: a member of a classic group is alive; the answer tells of a rebalance. v3 static members
// (KIP-345).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct HeartbeatRequest {
    static constexpr Api api{.key = 12, .name = "Heartbeat", .min = 0, .max = 4, .flexible_from = 4};
    std::string_view group_id;
    std::int32_t generation_id{};
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("generationId", m.generation_id, since(0));
        f("memberId", m.member_id, since(0));
        f("groupInstanceId", m.group_instance_id, since(3).nullable(3));
    }
};

struct HeartbeatResponse {
    static constexpr Api api{.key = 12, .name = "Heartbeat", .min = 0, .max = 4, .flexible_from = 4};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("errorCode", m.error_code, since(0));
    }
};

}   // namespace sluice::kafka
