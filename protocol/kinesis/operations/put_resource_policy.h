// PutResourcePolicy: the policy is JSON in a string.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct PutResourcePolicy {
    static constexpr std::string_view operation = "PutResourcePolicy";
    std::optional<std::string_view> resource_arn;
    std::optional<std::string_view> stream_id;
    std::optional<std::string_view> policy;
    static constexpr void members(auto& m, auto& f) {
        f("ResourceARN", m.resource_arn, rules::required_resource_arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("Policy", m.policy, rules::required);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
