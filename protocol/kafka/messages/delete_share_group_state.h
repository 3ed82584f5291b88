// DeleteShareGroupState v0 (KIP-932), of a broker to the share coordinator: a share partition is to be forgotten.
#pragma once

#include "protocol/kafka/share_shapes.h"

namespace sluice::kafka {

struct DeleteShareGroupStateRequest {
    static constexpr Api api{.key = 86, .name = "DeleteShareGroupState", .min = 0, .max = 0, .flexible_from = 0};
    struct Partition {
        std::int32_t partition{};
        static constexpr void fields(auto& m, auto& f) { f("partition", m.partition, since(0)); }
    };
    using Topic = AskedTopic<Partition>;
    std::string_view group_id;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("topics", m.topics, since(0));
    }
};

struct DeleteShareGroupStateResponse {
    static constexpr Api api{.key = 86, .name = "DeleteShareGroupState", .min = 0, .max = 0, .flexible_from = 0};
    using Topic = ToldTopic<ShareStateResult>;
    std::vector<Topic> results;
    static constexpr void fields(auto& m, auto& f) { f("results", m.results, since(0)); }
};

}   // namespace sluice::kafka
