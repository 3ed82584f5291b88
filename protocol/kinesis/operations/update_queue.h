// UpdateQueue: what is not named stays as it is.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct UpdateQueue {
    static constexpr std::string_view operation = "UpdateQueue";
    std::optional<std::string_view> queue_arn;
    std::optional<QueueAttributes> queue_attributes;
    static constexpr void members(auto& m, auto& f) {
        f("QueueARN", m.queue_arn, rules::required_queue_arn);
        f("QueueAttributes", m.queue_attributes, rules::required);
    }
    using Result = DescribedQueue;
};

}   // namespace sluice::kinesis
