// RegisterStreamConsumer: the stream by its ARN alone. The answer says CREATING; clients ask until it is ACTIVE.
#pragma once

#include "protocol/kinesis/consumer_shapes.h"

namespace sluice::kinesis {

struct RegisterStreamConsumer {
    static constexpr std::string_view operation = "RegisterStreamConsumer";
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> consumer_name;
    std::optional<std::string_view> stream_id;
    std::optional<TextMap> tags;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::required_arn);
        f("ConsumerName", m.consumer_name, rules::required_name);
        f("StreamId", m.stream_id, rules::stream_id);
        f("Tags", m.tags, rules::tags);
    }
    struct Result {
        Consumer consumer;
        static constexpr void members(auto& m, auto& f) { f("Consumer", m.consumer, rules::none); }
    };
};

}   // namespace sluice::kinesis
