// ReadShareGroupState v0 (KIP-932), of a broker to the share coordinator: all that is kept of a share partition.
#pragma once

#include "protocol/kafka/share_shapes.h"

namespace sluice::kafka {

struct ReadShareGroupStateRequest {
    static constexpr Api api{.key = 84, .name = "ReadShareGroupState", .min = 0, .max = 0, .flexible_from = 0};
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

struct ReadShareGroupStateResponse {
    static constexpr Api api{.key = 84, .name = "ReadShareGroupState", .min = 0, .max = 0, .flexible_from = 0};
    struct Partition {
        std::int32_t partition{};
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        std::int32_t state_epoch{};
        std::int64_t start_offset{};
        std::vector<ShareStateBatch> state_batches;
        static constexpr void fields(auto& m, auto& f) {
            f("partition", m.partition, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("stateEpoch", m.state_epoch, since(0));
            f("startOffset", m.start_offset, since(0));
            f("stateBatches", m.state_batches, since(0));
        }
    };
    using Topic = ToldTopic<Partition>;
    std::vector<Topic> results;
    static constexpr void fields(auto& m, auto& f) { f("results", m.results, since(0)); }
};

}   // namespace sluice::kafka
