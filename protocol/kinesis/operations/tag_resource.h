// TagResource: as AddTagsToStream, for whatever has an ARN.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct TagResource {
    static constexpr std::string_view operation = "TagResource";
    std::optional<TextMap> tags;
    std::optional<std::string_view> resource_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("Tags", m.tags, rules::required_tags);
        f("ResourceARN", m.resource_arn, rules::required_resource_arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
