// ListQueues: all of the account and region by name, or those of one stream.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct ListQueues {
    static constexpr std::string_view operation = "ListQueues";
    struct Filter {
        std::optional<std::string_view> stream_arn;
        std::optional<Time> stream_creation_timestamp;
        static constexpr void members(auto& m, auto& f) {
            f("StreamARN", m.stream_arn, rules::required_arn);
            f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
        }
    };
    std::optional<std::int32_t> max_results;
    std::optional<std::string_view> next_token;
    std::optional<std::vector<Filter>> stream_filter;
    static constexpr void members(auto& m, auto& f) {
        f("MaxResults", m.max_results, rules::page);
        f("NextToken", m.next_token, rules::token);
        f("StreamFilter", m.stream_filter, Rules{.min_length = 1, .max_length = 10'000});
    }
    struct Summary {
        std::string queue_name;
        std::string queue_arn;
        std::string_view queue_status;
        Time queue_creation_timestamp;
        struct Stream {
            std::string stream_arn;
            Time stream_creation_timestamp;
            static constexpr void members(auto& m, auto& f) {
                f("StreamARN", m.stream_arn, rules::none);
                f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
            }
        };
        std::vector<Stream> streams;
        static constexpr void members(auto& m, auto& f) {
            f("QueueName", m.queue_name, rules::none);
            f("QueueARN", m.queue_arn, rules::none);
            f("QueueStatus", m.queue_status, rules::none);
            f("QueueCreationTimestamp", m.queue_creation_timestamp, rules::none);
            f("Streams", m.streams, rules::none);
        }
    };
    struct Result {
        std::vector<Summary> queue_summaries;
        std::optional<std::string> next_token;
        static constexpr void members(auto& m, auto& f) {
            f("QueueSummaries", m.queue_summaries, rules::none);
            f("NextToken", m.next_token, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
