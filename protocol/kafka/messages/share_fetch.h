// ShareFetch v1–2 (KIP-932): records of partitions that the member may work off, and acknowledgements of earlier ones. v2 tells
// how strictly maxRecords counts (KIP-1206) and renews locks (KIP-1222).
#pragma once

#include <limits>

#include "protocol/kafka/share_shapes.h"

namespace sluice::kafka {

struct ShareFetchRequest {
    static constexpr Api api{.key = 78, .name = "ShareFetch", .min = 1, .max = 2, .flexible_from = 0};
    using Topic = AskedTopic<AcknowledgedPartition>;
    struct ForgottenTopic {
        Uuid topic_id;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicId", m.topic_id, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::optional<std::string_view> group_id;
    std::optional<std::string_view> member_id;
    std::int32_t share_session_epoch{};
    std::int32_t max_wait_ms{};
    std::int32_t min_bytes{};
    std::int32_t max_bytes = std::numeric_limits<std::int32_t>::max();
    std::int32_t max_records{};
    std::int32_t batch_size{};
    std::int8_t share_acquire_mode = 0;
    bool is_renew_ack{};
    Array<Topic> topics;
    Array<ForgottenTopic> forgotten_topics;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0).nullable(0));
        f("memberId", m.member_id, since(0).nullable(0));
        f("shareSessionEpoch", m.share_session_epoch, since(0));
        f("maxWaitMs", m.max_wait_ms, since(0));
        f("minBytes", m.min_bytes, since(0));
        f("maxBytes", m.max_bytes, since(0));
        f("maxRecords", m.max_records, since(1));
        f("batchSize", m.batch_size, since(1));
        f("shareAcquireMode", m.share_acquire_mode, since(2));
        f("isRenewAck", m.is_renew_ack, since(2));
        f("topics", m.topics, since(0));
        f("forgottenTopicsData", m.forgotten_topics, since(0));
    }
};

struct ShareFetchResponse {
    static constexpr Api api{.key = 78, .name = "ShareFetch", .min = 1, .max = 2, .flexible_from = 0};
    struct Partition {
        struct Acquired {
            std::int64_t first_offset{};
            std::int64_t last_offset{};
            std::int16_t delivery_count{};
            static constexpr void fields(auto& m, auto& f) {
                f("firstOffset", m.first_offset, since(0));
                f("lastOffset", m.last_offset, since(0));
                f("deliveryCount", m.delivery_count, since(0));
            }
        };
        std::int32_t partition_index{};
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        ErrorCode acknowledge_error_code{};
        std::optional<std::string> acknowledge_error_message;
        ShareLeader current_leader;
        RecordList records;
        std::vector<Acquired> acquired_records;
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("acknowledgeErrorCode", m.acknowledge_error_code, since(0));
            f("acknowledgeErrorMessage", m.acknowledge_error_message, since(0).nullable(0));
            f("currentLeader", m.current_leader, since(0));
            f("records", m.records, since(0).nullable(0));
            f("acquiredRecords", m.acquired_records, since(0));
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
        f("acquisitionLockTimeoutMs", m.acquisition_lock_timeout_ms, since(1));
        f("responses", m.responses, since(0));
        f("nodeEndpoints", m.node_endpoints, since(0));
    }
};

}   // namespace sluice::kafka
