// UpdateStreamMode: by ARN only.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct UpdateStreamMode {
    static constexpr std::string_view operation = "UpdateStreamMode";
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    std::optional<StreamModeDetails> stream_mode_details;
    std::optional<std::int32_t> warm_throughput_mibps;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::required_arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("StreamModeDetails", m.stream_mode_details, rules::required);
        f("WarmThroughputMiBps", m.warm_throughput_mibps, Rules{.min = 0});
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
