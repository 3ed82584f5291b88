#include "emulator/kinesis/channels.h"

#include <algorithm>

#include "emulator/kinesis/texts/channels.h"

namespace sluice::kinesis {
namespace {

std::string_view form_text(streams::ChannelForm form) {
    if (form == streams::ChannelForm::json) return "JSON";
    return form == streams::ChannelForm::text ? "STRING" : "BYTE_ARRAY";
}

std::string_view compression_text(streams::ChannelCompression compression) {
    if (compression == streams::ChannelCompression::gzip) return "GZIP";
    return compression == streams::ChannelCompression::zstd ? "ZSTD" : "NONE";
}

// Kept for as long as the answer is written.
std::string_view keep(Call& call, std::string text) { return call.kept.emplace_back(std::move(text)); }

std::optional<std::string_view> note(Call& call, const streams::Channel& channel, const char* name) {
    const auto found = channel.notes.find(name);
    return found == channel.notes.end() ? std::nullopt : std::optional{keep(call, found->second)};
}

}   // namespace

std::string error_prefix(const streams::Channel& channel, std::string_view shown_name) {
    return channel.dead_prefix.empty() ? fmt::format("kinesis-channel/errors/{}/{}/", shown_name, channel.id)
                                       : channel.dead_prefix;
}

bool mine(const Call& call, const streams::FoundChannel& found) { return visible(call, *found.stream); }

// By its id alone: no two are alike (AWS's examples of ARNs have it, too).
std::expected<streams::FoundChannel, Error> find_channel(const Call& call, std::string_view arn) {
    constexpr std::string_view mark = ":channel/";
    const auto at = arn.rfind(mark);
    auto found =
        at == std::string_view::npos ? std::nullopt : streams::channels_of(call.world).of_id(arn.substr(at + mark.size()));
    if (!found || !mine(call, *found)) return std::unexpected{texts::channel_not_found(arn)};
    return *std::move(found);
}

std::int32_t channels_there(const Call& call) {
    const auto& all = streams::channels_of(call.world).all();
    return static_cast<std::int32_t>(std::ranges::count_if(all, [&](const auto& one) { return mine(call, one.second); }));
}

std::string arn_of(const Call& call, const streams::FoundChannel& found) {
    const auto scope = call.names.scope_of(*found.stream);
    return fmt::format("arn:aws:kinesis:{}:{}:channel/{}", scope.region, scope.account, found.channel->id);
}

std::string_view bucket_in_arn(std::string_view arn) { return arn.substr(arn.rfind(':') + 1); }

std::optional<Error> fault_of_freshness(std::optional<std::int32_t> seconds) {
    if (!seconds || (*seconds >= least_freshness_s && *seconds <= most_freshness_s)) return {};
    return texts::freshness_out_of_range(*seconds, least_freshness_s, most_freshness_s);
}

void note_logs(const CloudWatchLogs& logs, std::map<std::string, std::string>& notes) {
    notes[notes::logs] = *logs.enabled ? "on" : "off";
    if (logs.log_group_name) notes[notes::log_group] = *logs.log_group_name;
    if (logs.log_stream_name) notes[notes::log_stream] = *logs.log_stream_name;
}

ChannelDescription describe(Call& call, const streams::FoundChannel& found) {
    const auto& channel = *found.channel;
    const auto name = call.names.name(channel.name);
    ChannelDescription told{.channel_name = std::string{name},
                            .channel_arn = arn_of(call, found),
                            .channel_id = channel.id,
                            .channel_status = status_text(channel.status),
                            .channel_creation_timestamp = channel.created,
                            .service_execution_role_arn = std::string{note(call, channel, notes::role).value_or("")},
                            .stream_configuration_list = {},
                            .s3_destination_configuration = {},
                            .encryption_configuration = {},
                            .logging_configuration = {}};
    told.stream_configuration_list.push_back(
        {.stream_arn = arn_of(call, *found.stream),
         .stream_creation_timestamp = found.stream->created,
         .record_configuration = {.record_format_type = form_text(channel.form), .gsr_schema_arn = {}}});
    const auto bucket_arn = [&](const std::string& bucket) { return keep(call, "arn:aws:s3:::" + bucket); };
    told.s3_destination_configuration = S3DestinationConfiguration{
        .data_freshness_in_seconds =
            static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::seconds>(channel.freshness.back().span).count()),
        .dead_letter_queue_s3_configuration =
            DeadLetterQueueS3Configuration{.bucket_arn = bucket_arn(channel.dead_bucket),
                                           .expected_bucket_owner = note(call, channel, notes::dead_owner),
                                           .error_output_prefix = keep(call, error_prefix(channel, name))},
        .storage_configuration = S3StorageConfiguration{.bucket_arn = bucket_arn(channel.bucket),
                                                        .expected_bucket_owner = note(call, channel, notes::owner),
                                                        .output_key_template = keep(call, channel.key_template),
                                                        .storage_class = note(call, channel, notes::storage_class),
                                                        .compression_type = compression_text(channel.compression)}};
    if (const auto key = note(call, channel, notes::key))
        told.encryption_configuration = ChannelEncryptionConfiguration{.encryption_type = "KMS", .key_id = key};
    CloudWatchLogs logs{.enabled = note(call, channel, notes::logs) == "on", .log_group_name = {}, .log_stream_name = {}};
    if (*logs.enabled) {
        logs.log_group_name = note(call, channel, notes::log_group);
        if (!logs.log_group_name) logs.log_group_name = keep(call, fmt::format("/aws/kinesis/{}/{}", name, channel.id));
        logs.log_stream_name = note(call, channel, notes::log_stream).value_or("DestinationDelivery");
    }
    told.logging_configuration.cloud_watch_logs = logs;
    return told;
}

ChannelSummary summary_of(const Call& call, const streams::FoundChannel& found) {
    return {.channel_name = std::string{call.names.name(found.channel->name)},
            .channel_arn = arn_of(call, found),
            .channel_id = found.channel->id,
            .channel_status = status_text(found.channel->status),
            .channel_creation_timestamp = found.channel->created,
            .channel_destination_type = "S3",
            .streams = {{.stream_arn = arn_of(call, *found.stream), .stream_creation_timestamp = found.stream->created}}};
}

}   // namespace sluice::kinesis
