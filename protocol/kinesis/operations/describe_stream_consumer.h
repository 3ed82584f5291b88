// DescribeStreamConsumer: a consumer by its ARN, or by its stream's and its name.
#pragma once

#include "protocol/kinesis/consumer_shapes.h"

namespace sluice::kinesis {

struct DescribeStreamConsumer : ConsumerRequest {
    static constexpr std::string_view operation = "DescribeStreamConsumer";
    struct Result {
        ConsumerDescription consumer_description;
        static constexpr void members(auto& m, auto& f) { f("ConsumerDescription", m.consumer_description, rules::none); }
    };
};

}   // namespace sluice::kinesis
