// ListStreams: in name order. HasMoreStreams and NextToken go together: paginators look at both.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct ListStreams {
    static constexpr std::string_view operation = "ListStreams";
    std::optional<std::int32_t> limit;
    std::optional<std::string_view> exclusive_start_stream_name;
    std::optional<std::string_view> next_token;
    static constexpr void members(auto& m, auto& f) {
        f("Limit", m.limit, rules::page);
        f("ExclusiveStartStreamName", m.exclusive_start_stream_name, rules::name);
        f("NextToken", m.next_token, rules::token);
    }
    struct Result {
        std::vector<std::string> stream_names;
        bool has_more_streams{};
        std::optional<std::string> next_token;
        std::optional<std::vector<StreamSummary>> stream_summaries;
        static constexpr void members(auto& m, auto& f) {
            f("StreamNames", m.stream_names, rules::none);
            f("HasMoreStreams", m.has_more_streams, rules::none);
            f("NextToken", m.next_token, rules::none);
            f("StreamSummaries", m.stream_summaries, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
