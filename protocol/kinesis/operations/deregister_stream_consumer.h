// DeregisterStreamConsumer: by the same members as DescribeStreamConsumer. Its subscriptions end.
#pragma once

#include "protocol/kinesis/consumer_shapes.h"

namespace sluice::kinesis {

struct DeregisterStreamConsumer : ConsumerRequest {
    static constexpr std::string_view operation = "DeregisterStreamConsumer";
    using Result = NoResult;
};

}   // namespace sluice::kinesis
