// DeregisterStreamConsumer: by the same members as DescribeStreamConsumer. Its subscriptions end.
#pragma once

#include "protocol/kinesis/consumer_shapes.h"

namespace sluice::kinesis {

struct DeregisterStreamConsumer {
    static constexpr std::string_view operation = "DeregisterStreamConsumer";
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> consumer_name;
    std::optional<std::string_view> consumer_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::arn);
        f("ConsumerName", m.consumer_name, rules::name);
        f("ConsumerARN", m.consumer_arn, rules::consumer_arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
