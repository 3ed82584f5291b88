// DisableEnhancedMonitoring: answers what was on before and what is on behind it.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct DisableEnhancedMonitoring {
    static constexpr std::string_view operation = "DisableEnhancedMonitoring";
    std::optional<std::string_view> stream_name;
    std::optional<std::vector<std::string_view>> shard_level_metrics;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("ShardLevelMetrics", m.shard_level_metrics, rules::required_metrics);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = EnhancedMonitoring;
};

}   // namespace sluice::kinesis
