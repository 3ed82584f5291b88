// DescribeStreamConsumer: a consumer by its ARN, or by its stream's and its name.
#pragma once

#include "protocol/kinesis/consumer_shapes.h"

namespace sluice::kinesis {

struct DescribeStreamConsumer {
    static constexpr std::string_view operation = "DescribeStreamConsumer";
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
    struct Result {
        ConsumerDescription consumer_description;
        static constexpr void members(auto& m, auto& f) { f("ConsumerDescription", m.consumer_description, rules::none); }
    };
};

}   // namespace sluice::kinesis
