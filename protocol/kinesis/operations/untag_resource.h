// UntagResource: as RemoveTagsFromStream, for whatever has an ARN.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct UntagResource {
    static constexpr std::string_view operation = "UntagResource";
    std::optional<std::vector<std::string_view>> tag_keys;
    std::optional<std::string_view> resource_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("TagKeys", m.tag_keys, rules::required_tag_keys);
        f("ResourceARN", m.resource_arn, rules::required_resource_arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
