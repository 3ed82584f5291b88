// CreateChannel: delivery of a stream's records to a bucket. The answer says CREATING; clients ask until it is ACTIVE.
#pragma once

#include "protocol/kinesis/channel_shapes.h"

namespace sluice::kinesis {

struct CreateChannel {
    static constexpr std::string_view operation = "CreateChannel";
    std::optional<std::string_view> channel_name;
    std::optional<std::string_view> service_execution_role_arn;
    std::optional<std::vector<ChannelStreamConfiguration>> stream_configuration_list;
    std::optional<S3DestinationConfiguration> s3_destination_configuration;
    std::optional<S3TablesDestinationConfiguration> s3_tables_destination_configuration;
    std::optional<ChannelEncryptionConfiguration> encryption_configuration;
    std::optional<TextMap> tags;
    std::optional<ChannelLoggingConfiguration> logging_configuration;
    static constexpr void members(auto& m, auto& f) {
        f("ChannelName", m.channel_name, rules::required_name);
        f("ServiceExecutionRoleARN", m.service_execution_role_arn, rules::required_role);
        f("StreamConfigurationList", m.stream_configuration_list, rules::required_entries);
        f("S3DestinationConfiguration", m.s3_destination_configuration, rules::none);
        f("S3TablesDestinationConfiguration", m.s3_tables_destination_configuration, rules::none);
        f("EncryptionConfiguration", m.encryption_configuration, rules::none);
        f("Tags", m.tags, rules::tags);
        f("LoggingConfiguration", m.logging_configuration, rules::none);
    }
    struct Result {
        ChannelDescription channel_description;
        static constexpr void members(auto& m, auto& f) { f("ChannelDescription", m.channel_description, rules::none); }
    };
};

}   // namespace sluice::kinesis
