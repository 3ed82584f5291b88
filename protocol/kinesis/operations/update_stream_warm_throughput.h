// UpdateStreamWarmThroughput: answers the target, and what the stream has so far.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct UpdateStreamWarmThroughput {
    static constexpr std::string_view operation = "UpdateStreamWarmThroughput";
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> stream_id;
    std::optional<std::int32_t> warm_throughput_mibps;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamName", m.stream_name, rules::name);
        f("StreamId", m.stream_id, rules::stream_id);
        f("WarmThroughputMiBps", m.warm_throughput_mibps, Rules{.required = true, .min = 0});
    }
    struct Result {
        std::optional<std::string> stream_arn;
        std::optional<std::string> stream_name;
        std::optional<WarmThroughput> warm_throughput;
        static constexpr void members(auto& m, auto& f) {
            f("StreamARN", m.stream_arn, rules::none);
            f("StreamName", m.stream_name, rules::none);
            f("WarmThroughput", m.warm_throughput, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
