// AddTagsToStream: existing keys get the new value.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct AddTagsToStream {
    static constexpr std::string_view operation = "AddTagsToStream";
    std::optional<std::string_view> stream_name;
    std::optional<TextMap> tags;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("Tags", m.tags, rules::required_tags);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
