// What pairs of operations on a stream's attributes share: the one turns on or raises what the other turns off or lowers.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct EncryptionRequest {
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> encryption_type;
    std::optional<std::string_view> key_id;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("EncryptionType", m.encryption_type, Rules{.required = true, .one_of = "NONE, KMS"});
        f("KeyId", m.key_id, Rules{.required = true, .min_length = 1, .max_length = 2048});
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

// Answers what was on before and what is on behind it.
struct MonitoringRequest {
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

// The model has no bounds for the hours; the service does.
struct RetentionRequest {
    std::optional<std::string_view> stream_name;
    std::optional<std::int32_t> retention_period_hours;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("RetentionPeriodHours", m.retention_period_hours, rules::required);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
