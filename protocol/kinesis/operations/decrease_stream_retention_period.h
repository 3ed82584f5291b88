// DecreaseStreamRetentionPeriod: the model has no bounds for the hours; the service does.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct DecreaseStreamRetentionPeriod {
    static constexpr std::string_view operation = "DecreaseStreamRetentionPeriod";
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
