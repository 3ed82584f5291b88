// ReadShareGroupStateSummary v0–1 (KIP-932), of a broker to the share coordinator: where a share partition begins and how much of
// it is done.
#pragma once

#include "protocol/kafka/share_shapes.h"

namespace sluice::kafka {

struct ReadShareGroupStateSummaryRequest {
    static constexpr Api api{.key = 87, .name = "ReadShareGroupStateSummary", .min = 0, .max = 1, .flexible_from = 0};
    struct Partition {
        std::int32_t partition{};
        std::int32_t leader_epoch{};
        static constexpr void fields(auto& m, auto& f) {
            f("partition", m.partition, since(0));
            f("leaderEpoch", m.leader_epoch, since(0));
        }
    };
    using Topic = AskedTopic<Partition>;
    std::string_view group_id;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("topics", m.topics, since(0));
    }
};

struct ReadShareGroupStateSummaryResponse {
    static constexpr Api api{.key = 87, .name = "ReadShareGroupStateSummary", .min = 0, .max = 1, .flexible_from = 0};
    struct Partition {
        std::int32_t partition{};
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        std::int32_t state_epoch{};
        std::int32_t leader_epoch{};
        std::int64_t start_offset{};
        std::int32_t delivery_complete_count = -1;
        static constexpr void fields(auto& m, auto& f) {
            f("partition", m.partition, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("stateEpoch", m.state_epoch, since(0));
            f("leaderEpoch", m.leader_epoch, since(0));
            f("startOffset", m.start_offset, since(0));
            f("deliveryCompleteCount", m.delivery_complete_count, since(1));
        }
    };
    using Topic = ToldTopic<Partition>;
    std::vector<Topic> results;
    static constexpr void fields(auto& m, auto& f) { f("results", m.results, since(0)); }
};

}   // namespace sluice::kafka
