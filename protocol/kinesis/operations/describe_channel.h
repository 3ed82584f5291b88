// DescribeChannel: by its ARN alone.
#pragma once

#include "protocol/kinesis/channel_shapes.h"

namespace sluice::kinesis {

struct DescribeChannel {
    static constexpr std::string_view operation = "DescribeChannel";
    std::optional<std::string_view> channel_arn;
    static constexpr void members(auto& m, auto& f) { f("ChannelARN", m.channel_arn, rules::required_channel_arn); }
    struct Result {
        ChannelDescription channel_description;
        static constexpr void members(auto& m, auto& f) { f("ChannelDescription", m.channel_description, rules::none); }
    };
};

}   // namespace sluice::kinesis
