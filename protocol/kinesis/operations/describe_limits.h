// DescribeLimits: asks nothing.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct DescribeLimits {
    static constexpr std::string_view operation = "DescribeLimits";
    static constexpr void members(auto&, auto&) {}
    struct Result {
        std::int32_t shard_limit{};
        std::int32_t open_shard_count{};
        std::int32_t on_demand_stream_count{};
        std::int32_t on_demand_stream_count_limit{};
        std::optional<std::int32_t> channel_count;
        std::optional<std::int32_t> channel_count_limit;
        static constexpr void members(auto& m, auto& f) {
            f("ShardLimit", m.shard_limit, rules::none);
            f("OpenShardCount", m.open_shard_count, rules::none);
            f("OnDemandStreamCount", m.on_demand_stream_count, rules::none);
            f("OnDemandStreamCountLimit", m.on_demand_stream_count_limit, rules::none);
            f("ChannelCount", m.channel_count, rules::none);
            f("ChannelCountLimit", m.channel_count_limit, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
