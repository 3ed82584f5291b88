// ListTagsForStream: sorted by key.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct ListTagsForStream {
    static constexpr std::string_view operation = "ListTagsForStream";
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> exclusive_start_tag_key;
    std::optional<std::int32_t> limit;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("ExclusiveStartTagKey", m.exclusive_start_tag_key, Rules{.min_length = 1, .max_length = 128});
        f("Limit", m.limit, Rules{.min = 1, .max = 50});
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    struct Result {
        std::vector<Tag> tags;
        bool has_more_tags{};
        static constexpr void members(auto& m, auto& f) {
            f("Tags", m.tags, rules::none);
            f("HasMoreTags", m.has_more_tags, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
