// DescribeStreamSummary: what DescribeStream says, with counts for the shards.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct DescribeStreamSummary {
    static constexpr std::string_view operation = "DescribeStreamSummary";
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    struct Result {
        StreamDescriptionSummary stream_description_summary;
        static constexpr void members(auto& m, auto& f) {
            f("StreamDescriptionSummary", m.stream_description_summary, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
