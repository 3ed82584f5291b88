// WriteShareGroupState v0–1 (KIP-932), of a broker to the share coordinator: what changed in a share partition.
#pragma once

#include "protocol/kafka/share_shapes.h"

namespace sluice::kafka {

struct WriteShareGroupStateRequest {
    static constexpr Api api{.key = 85, .name = "WriteShareGroupState", .min = 0, .max = 1, .flexible_from = 0};
    struct Partition {
        std::int32_t partition{};
        std::int32_t state_epoch{};
        std::int32_t leader_epoch{};
        std::int64_t start_offset{};
        std::int32_t delivery_complete_count = -1;
        Array<ShareStateBatch> state_batches;
        static constexpr void fields(auto& m, auto& f) {
            f("partition", m.partition, since(0));
            f("stateEpoch", m.state_epoch, since(0));
            f("leaderEpoch", m.leader_epoch, since(0));
            f("startOffset", m.start_offset, since(0));
            f("deliveryCompleteCount", m.delivery_complete_count, since(1));
            f("stateBatches", m.state_batches, since(0));
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

struct WriteShareGroupStateResponse {
    static constexpr Api api{.key = 85, .name = "WriteShareGroupState", .min = 0, .max = 1, .flexible_from = 0};
    using Topic = ToldTopic<ShareStateResult>;
    std::vector<Topic> results;
    static constexpr void fields(auto& m, auto& f) { f("results", m.results, since(0)); }
};

}   // namespace sluice::kafka
