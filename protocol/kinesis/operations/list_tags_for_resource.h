// ListTagsForResource: all tags at once, sorted by key.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct ListTagsForResource {
    static constexpr std::string_view operation = "ListTagsForResource";
    std::optional<std::string_view> resource_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("ResourceARN", m.resource_arn, rules::required_resource_arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    struct Result {
        std::vector<Tag> tags;
        static constexpr void members(auto& m, auto& f) { f("Tags", m.tags, rules::none); }
    };
};

}   // namespace sluice::kinesis
