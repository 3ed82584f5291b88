// DeleteChannel: ends the delivery; what was delivered stays.
#pragma once

#include "protocol/kinesis/channel_shapes.h"

namespace sluice::kinesis {

struct DeleteChannel {
    static constexpr std::string_view operation = "DeleteChannel";
    std::optional<std::string_view> channel_arn;
    static constexpr void members(auto& m, auto& f) { f("ChannelARN", m.channel_arn, rules::required_channel_arn); }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
