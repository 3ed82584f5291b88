// ShareAcknowledge v1–2 (KIP-932): what became of acquired records. v2 renews locks (KIP-1222).
#pragma once

#include "protocol/kafka/share_shapes.h"

namespace sluice::kafka {

struct ShareAcknowledgeRequest {
    static constexpr Api api{.key = 79, .name = "ShareAcknowledge", .min = 1, .max = 2, .flexible_from = 0};
    using Topic = AskedTopic<AcknowledgedPartition>;
    std::optional<std::string_view> group_id;
    std::optional<std::string_view> member_id;
    std::int32_t share_session_epoch{};
    bool is_renew_ack{};
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0).nullable(0));
        f("memberId", m.member_id, since(0).nullable(0));
        f("shareSessionEpoch", m.share_session_epoch, since(0));
        f("isRenewAck", m.is_renew_ack, since(2));
        f("topics", m.topics, since(0));
    }
};

struct ShareAcknowledgeResponse {
    static constexpr Api api{.key = 79, .name = "ShareAcknowledge", .min = 1, .max = 2, .flexible_from = 0};
    struct Partition {
        std::int32_t partition_index{};
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        ShareLeader current_leader;
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("currentLeader", m.current_leader, since(0));
        }
    };
    using Topic = ToldTopic<Partition>;
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    std::int32_t acquisition_lock_timeout_ms{};
    std::vector<Topic> responses;
    std::vector<ShareNode> node_endpoints;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("acquisitionLockTimeoutMs", m.acquisition_lock_timeout_ms, since(2));
        f("responses", m.responses, since(0));
        f("nodeEndpoints", m.node_endpoints, since(0));
    }
};

}   // namespace sluice::kafka
