// GetResourcePolicy: without one the answer is an empty one.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct GetResourcePolicy {
    static constexpr std::string_view operation = "GetResourcePolicy";
    std::optional<std::string_view> resource_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("ResourceARN", m.resource_arn, rules::required_resource_arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    struct Result {
        std::string policy;
        static constexpr void members(auto& m, auto& f) { f("Policy", m.policy, rules::none); }
    };
};

}   // namespace sluice::kinesis
