// SyncGroup v0–5: the leader hands in assignments, each member receives its own. v5 repeats protocol type
// and name for a check (KIP-559).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct SyncGroupRequest {
    static constexpr Api api{.key = 14, .name = "SyncGroup", .min = 0, .max = 5, .flexible_from = 4};
    struct Assignment {
        std::string_view member_id;
        Bytes assignment;
        static constexpr void fields(auto& m, auto& f) {
            f("memberId", m.member_id, since(0));
            f("assignment", m.assignment, since(0));
        }
    };
    std::string_view group_id;
    std::int32_t generation_id{};
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::optional<std::string_view> protocol_type;
    std::optional<std::string_view> protocol_name;
    Array<Assignment> assignments;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("generationId", m.generation_id, since(0));
        f("memberId", m.member_id, since(0));
        f("groupInstanceId", m.group_instance_id, since(3).nullable(3));
        f("protocolType", m.protocol_type, since(5).nullable(5));
        f("protocolName", m.protocol_name, since(5).nullable(5));
        f("assignments", m.assignments, since(0));
    }
};

struct SyncGroupResponse {
    static constexpr Api api{.key = 14, .name = "SyncGroup", .min = 0, .max = 5, .flexible_from = 4};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    Blob assignment;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("errorCode", m.error_code, since(0));
        f("protocolType", m.protocol_type, since(5).nullable(5));
        f("protocolName", m.protocol_name, since(5).nullable(5));
        f("assignment", m.assignment, since(0));
    }
};

}   // namespace sluice::kafka
