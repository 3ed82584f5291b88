// ListStreamConsumers: in the order of names, at most 100 a page.
#pragma once

#include "protocol/kinesis/consumer_shapes.h"

namespace sluice::kinesis {

struct ListStreamConsumers {
    static constexpr std::string_view operation = "ListStreamConsumers";
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> next_token;
    std::optional<std::int32_t> max_results;
    std::optional<Time> stream_creation_timestamp;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::required_arn);
        f("NextToken", m.next_token, rules::token);
        f("MaxResults", m.max_results, rules::page);
        f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    struct Result {
        std::vector<Consumer> consumers;
        std::optional<std::string> next_token;
        static constexpr void members(auto& m, auto& f) {
            f("Consumers", m.consumers, rules::none);
            f("NextToken", m.next_token, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
