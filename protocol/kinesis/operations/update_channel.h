// UpdateChannel: how fresh the delivered data is, and where errors are logged. All else of a channel stays as it was made.
#pragma once

#include "protocol/kinesis/channel_shapes.h"

namespace sluice::kinesis {

struct UpdateChannel {
    static constexpr std::string_view operation = "UpdateChannel";
    std::optional<std::string_view> channel_arn;
    std::optional<DestinationUpdateInput> s3_destination_configuration;
    std::optional<DestinationUpdateInput> s3_tables_destination_configuration;
    std::optional<ChannelLoggingConfiguration> logging_configuration;
    static constexpr void members(auto& m, auto& f) {
        f("ChannelARN", m.channel_arn, rules::required_channel_arn);
        f("S3DestinationConfiguration", m.s3_destination_configuration, rules::none);
        f("S3TablesDestinationConfiguration", m.s3_tables_destination_configuration, rules::none);
        f("LoggingConfiguration", m.logging_configuration, rules::none);
    }
    struct Result {
        ChannelDescription channel_description;
        static constexpr void members(auto& m, auto& f) { f("ChannelDescription", m.channel_description, rules::none); }
    };
};

}   // namespace sluice::kinesis
