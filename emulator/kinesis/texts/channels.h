// What is said about channels. AWS's own sentences about them were not seen yet: these are ours, in the form of its others.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "protocol/kinesis/errors.h"

namespace sluice::kinesis::texts {

using View = std::string_view;

inline Error channel_not_found(View arn) { return {ErrorCode::resource_not_found, fmt::format("Channel {} not found.", arn)}; }
inline Error channel_exists(View channel, View account) {
    return {ErrorCode::resource_in_use, fmt::format("Channel {} under account {} already exists.", channel, account)};
}
inline Error channel_not_active(View channel, View account, View state) {
    return {ErrorCode::resource_in_use,
            fmt::format("Channel {} under account {} not ACTIVE, instead in state {}", channel, account, state)};
}
inline Error stream_has_channels(View name, View account, std::size_t count) {
    return {
        ErrorCode::resource_in_use,
        fmt::format("Stream {} under account {} cannot be deleted while it has active channels (it has {}). Delete them first.",
                    name, account, count)};
}
inline Error mode_has_channels(View name, View account) {
    return {ErrorCode::resource_in_use,
            fmt::format("Stream {} under account {} cannot leave the on-demand mode while it has channels. Delete them first.",
                        name, account)};
}
inline Error channel_needs_on_demand(View name, View account) {
    return {ErrorCode::invalid_argument,
            fmt::format(
                "Channels are supported for data streams with the on-demand capacity mode only. Stream {} under account {} is "
                "PROVISIONED.",
                name, account)};
}
inline Error too_many_channels(View name, View account, std::size_t most) {
    return {ErrorCode::limit_exceeded,
            fmt::format("Stream {} under account {} has {} channel(s) that deliver to S3, the most it may have.", name, account,
                        most)};
}
inline Error one_stream_per_channel() {
    return {ErrorCode::invalid_argument, "StreamConfigurationList names more than one stream. A channel has one."};
}
inline Error one_destination() {
    return {ErrorCode::validation,
            "Specify either S3DestinationConfiguration or S3TablesDestinationConfiguration, but not both."};
}
inline Error tables_not_available() {
    return {
        ErrorCode::invalid_argument,
        "S3TablesDestinationConfiguration is not available here: a local server has no streaming tables on Apache Iceberg. Use "
        "S3DestinationConfiguration, which delivers to a folder."};
}
inline Error no_channel_folder() {
    return {
        ErrorCode::invalid_argument,
        "This server keeps nothing on disk and has no folder that stands for S3. Start it with --channel-folder DIR to deliver "
        "there."};
}
inline Error format_of_tables(View format) {
    return {ErrorCode::invalid_argument,
            fmt::format(
                "RecordFormatType {} and GSRSchemaARN are supported for streaming table destinations only. Use JSON, STRING or "
                "BYTE_ARRAY, without a schema.",
                format)};
}
inline Error freshness_out_of_range(std::int64_t seconds, std::int64_t least, std::int64_t most) {
    const bool low = seconds < least;
    return {
        ErrorCode::validation,
        fmt::format(
            "1 validation error detected: Value '{}' at 's3DestinationConfiguration.dataFreshnessInSeconds' failed to satisfy "
            "constraint: Member must have value {} than or equal to {}",
            seconds, low ? "greater" : "less", low ? least : most)};
}
inline Error bad_key_template(View fault) { return {ErrorCode::invalid_argument, fmt::format("OutputKeyTemplate {}.", fault)}; }
inline Error key_too_long(View member, std::size_t most, std::size_t most_part) {
    return {ErrorCode::invalid_argument,
            fmt::format(
                "{} makes keys that are too long: a key may have {} characters, and here, where it names a file, {} between two "
                "slashes.",
                member, most, most_part)};
}
inline Error bad_key_prefix(View fault) { return {ErrorCode::invalid_argument, fmt::format("ErrorOutputPrefix {}.", fault)}; }
inline Error bad_bucket(View arn) {
    return {
        ErrorCode::invalid_argument,
        fmt::format("{} names no bucket: its name begins and ends with a letter or digit and has no two dots in a row.", arn)};
}
inline Error service_key() {
    return {ErrorCode::invalid_argument, "The service key aws/kinesis cannot be used for a channel. Use a customer managed key."};
}
inline Error nothing_to_update() {
    return {ErrorCode::validation, "Specify S3DestinationConfiguration or LoggingConfiguration."};
}
inline Error other_destination() {
    return {ErrorCode::invalid_argument, "The channel delivers to S3: specify S3DestinationConfiguration."};
}
inline Error channel_has_no_policy(View arn) {
    return {ErrorCode::invalid_argument, fmt::format("Resource {} is a channel, which has no resource policy.", arn)};
}

}   // namespace sluice::kinesis::texts
