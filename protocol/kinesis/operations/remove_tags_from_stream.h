// RemoveTagsFromStream: keys that are not there are ignored.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct RemoveTagsFromStream {
    static constexpr std::string_view operation = "RemoveTagsFromStream";
    std::optional<std::string_view> stream_name;
    std::optional<std::vector<std::string_view>> tag_keys;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("TagKeys", m.tag_keys, rules::required_tag_keys);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
