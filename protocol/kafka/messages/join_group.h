// JoinGroup v0–9: a member enters a classic group and waits for the others. v4: a first join is told its
// member id with MEMBER_ID_REQUIRED (KIP-394); v5 static members (KIP-345); v8 a reason (KIP-800); v9
// skipAssignment.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct JoinGroupRequest {
    static constexpr Api api{.key = 11, .name = "JoinGroup", .min = 0, .max = 9, .flexible_from = 6};
    struct Protocol {
        std::string_view name;
        Bytes metadata;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("metadata", m.metadata, since(0));
        }
    };
    std::string_view group_id;
    std::int32_t session_timeout_ms{};
    std::int32_t rebalance_timeout_ms = -1;
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::string_view protocol_type;
    Array<Protocol> protocols;
    std::optional<std::string_view> reason;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("sessionTimeoutMs", m.session_timeout_ms, since(0));
        f("rebalanceTimeoutMs", m.rebalance_timeout_ms, since(1));
        f("memberId", m.member_id, since(0));
        f("groupInstanceId", m.group_instance_id, since(5).nullable(5));
        f("protocolType", m.protocol_type, since(0));
        f("protocols", m.protocols, since(0));
        f("reason", m.reason, since(8).nullable(8));
    }
};

struct JoinGroupResponse {
    static constexpr Api api{.key = 11, .name = "JoinGroup", .min = 0, .max = 9, .flexible_from = 6};
    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        Blob metadata;
        static constexpr void fields(auto& m, auto& f) {
            f("memberId", m.member_id, since(0));
            f("groupInstanceId", m.group_instance_id, since(5).nullable(5));
            f("metadata", m.metadata, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::int32_t generation_id = -1;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name = "";
    std::string leader;
    bool skip_assignment{};
    std::string member_id;
    std::vector<Member> members;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(2));
        f("errorCode", m.error_code, since(0));
        f("generationId", m.generation_id, since(0));
        f("protocolType", m.protocol_type, since(7).nullable(7));
        f("protocolName", m.protocol_name, since(0).nullable(7));
        f("leader", m.leader, since(0));
        f("skipAssignment", m.skip_assignment, since(9));
        f("memberId", m.member_id, since(0));
        f("members", m.members, since(0));
    }
};

}   // namespace sluice::kafka
