// CreateQueue: on one stream, from a position on. The answer says CREATING; clients ask until it is ACTIVE.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct CreateQueue {
    static constexpr std::string_view operation = "CreateQueue";
    std::optional<std::string_view> queue_name;
    std::optional<std::vector<QueueStreamConfiguration>> stream_configuration_list;
    std::optional<QueueAttributes> queue_attributes;
    std::optional<TextMap> tags;
    static constexpr void members(auto& m, auto& f) {
        f("QueueName", m.queue_name, rules::required_name);
        f("StreamConfigurationList", m.stream_configuration_list, Rules{.required = true, .min_length = 1, .max_length = 10'000});
        f("QueueAttributes", m.queue_attributes, rules::none);
        f("Tags", m.tags, rules::tags);
    }
    using Result = DescribedQueue;
};

}   // namespace sluice::kinesis
