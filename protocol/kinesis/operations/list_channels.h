// ListChannels: in the order of names, at most 100 a page; of all streams, or of those that a filter names.
#pragma once

#include "protocol/kinesis/channel_shapes.h"

namespace sluice::kinesis {

struct ListChannels {
    static constexpr std::string_view operation = "ListChannels";
    std::optional<std::vector<StreamFilter>> stream_filter;
    std::optional<std::int32_t> max_results;
    std::optional<std::string_view> next_token;
    static constexpr void members(auto& m, auto& f) {
        f("StreamFilter", m.stream_filter, rules::entries);
        f("MaxResults", m.max_results, rules::page);
        f("NextToken", m.next_token, rules::token);
    }
    struct Result {
        std::vector<ChannelSummary> channel_summaries;
        std::optional<std::string> next_token;
        static constexpr void members(auto& m, auto& f) {
            f("ChannelSummaries", m.channel_summaries, rules::none);
            f("NextToken", m.next_token, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
