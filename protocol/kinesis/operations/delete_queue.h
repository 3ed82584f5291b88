// DeleteQueue: DELETING for the state delay, then gone with all that it knew.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct DeleteQueue {
    static constexpr std::string_view operation = "DeleteQueue";
    std::optional<std::string_view> queue_arn;
    static constexpr void members(auto& m, auto& f) { f("QueueARN", m.queue_arn, rules::required_queue_arn); }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
