// DescribeQueue: in any state.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct DescribeQueue {
    static constexpr std::string_view operation = "DescribeQueue";
    std::optional<std::string_view> queue_arn;
    static constexpr void members(auto& m, auto& f) { f("QueueARN", m.queue_arn, rules::required_queue_arn); }
    using Result = DescribedQueue;
};

}   // namespace sluice::kinesis
