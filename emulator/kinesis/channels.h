// From what a request says of a channel to the engine's, and back. What AWS is told about a bucket's owner, the role, storage
// classes, keys and logs has no meaning for a folder: it is kept as the channel's notes and told again.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/call.h"
#include "emulator/streams/channels.h"
#include "protocol/kinesis/channel_shapes.h"

namespace sluice::kinesis {

// AWS, "Data delivery concepts": 300 to 900 seconds. "Delivery quotas and limits": one channel to S3 for each stream, and so as
// many as an account may have on-demand streams, twice, since there are those to tables.
inline constexpr std::int32_t least_freshness_s = 300, most_freshness_s = 900, default_freshness_s = 300;
inline constexpr std::size_t channels_per_stream = 1;
inline constexpr std::int32_t channels_allowed = 2 * streams::on_demand_streams;

inline constexpr std::string_view default_key_template =
    "kinesis-channel/!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}/"
    "!{channel-name}-!{channel-id}-!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension}";
// Behind the prefix of what cannot be delivered (ours).
inline constexpr std::string_view error_template = "!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension:.json}";
// Source: AWS CloudFormation, AWS::Kinesis::Channel DeadLetterQueueS3Configuration.
std::string error_prefix(const streams::Channel&, std::string_view shown_name);

std::expected<streams::FoundChannel, Error> find_channel(const Call&, std::string_view arn);
std::int32_t channels_there(const Call&);   // of the caller's account
bool mine(const Call&, const streams::FoundChannel&);
std::string arn_of(const Call&, const streams::FoundChannel&);
std::string_view bucket_in_arn(std::string_view arn);
std::optional<Error> fault_of_freshness(std::optional<std::int32_t> seconds);
void note_logs(const CloudWatchLogs&, std::map<std::string, std::string>& notes);
ChannelDescription describe(Call&, const streams::FoundChannel&);
ChannelSummary summary_of(const Call&, const streams::FoundChannel&);

// The notes' names.
namespace notes {
inline constexpr auto role = "role", owner = "bucket owner", dead_owner = "error bucket owner", storage_class = "storage class",
                      key = "key", logs = "logs", log_group = "log group", log_stream = "log stream";
}

}   // namespace sluice::kinesis
