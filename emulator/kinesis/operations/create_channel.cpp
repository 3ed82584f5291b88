// CreateChannel: from ACTIVE on, what its stream takes in is delivered to a folder that stands for the bucket
// (channels/delivery.h). Without a state delay it is ACTIVE by the time of the answer, which says CREATING as AWS's does.
#include "protocol/kinesis/operations/create_channel.h"

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/tags.h"
#include "emulator/kinesis/texts/channels.h"
#include "emulator/streams/catalog/object_key.h"

namespace sluice::kinesis {
namespace {

std::optional<Error> fault_of_destination(const CreateChannel& request) {
    if (request.stream_configuration_list->size() > 1) return texts::one_stream_per_channel();
    const bool bucket = request.s3_destination_configuration.has_value();
    if (bucket == request.s3_tables_destination_configuration.has_value()) return texts::one_destination();
    if (!bucket) return texts::tables_not_available();
    const auto& records = *request.stream_configuration_list->front().record_configuration;
    if (*records.record_format_type == "GSR_JSON" || records.gsr_schema_arn)
        return texts::format_of_tables(*records.record_format_type);
    if (auto fault = fault_of_freshness(request.s3_destination_configuration->data_freshness_in_seconds)) return fault;
    if (request.encryption_configuration && request.encryption_configuration->key_id->ends_with("aws/kinesis"))
        return texts::service_key();
    return {};
}

streams::NewChannel wanted_of(const Call& call, const CreateChannel& request) {
    const auto& to = *request.s3_destination_configuration;
    const auto& storage = *to.storage_configuration;
    const auto format = *request.stream_configuration_list->front().record_configuration->record_format_type;
    const auto compression = *storage.compression_type;
    streams::NewChannel wanted;
    wanted.name = call.names.topic(*request.channel_name);
    wanted.form = format == "JSON"     ? streams::ChannelForm::json
                  : format == "STRING" ? streams::ChannelForm::text
                                       : streams::ChannelForm::bytes;
    wanted.compression = compression == "GZIP"   ? streams::ChannelCompression::gzip
                         : compression == "ZSTD" ? streams::ChannelCompression::zstd
                                                 : streams::ChannelCompression::none;
    wanted.bucket = bucket_in_arn(*storage.bucket_arn);
    wanted.key_template = storage.output_key_template.value_or(default_key_template);
    wanted.freshness = std::chrono::seconds{to.data_freshness_in_seconds.value_or(default_freshness_s)};
    wanted.notes = {{notes::role, std::string{*request.service_execution_role_arn}},
                    {notes::owner, std::string{*storage.expected_bucket_owner}},
                    {notes::storage_class, std::string{storage.storage_class.value_or("STANDARD")}}};
    const auto& dead = to.dead_letter_queue_s3_configuration;
    wanted.dead_bucket = dead ? std::string{bucket_in_arn(*dead->bucket_arn)} : wanted.bucket;
    if (dead) wanted.dead_prefix = dead->error_output_prefix.value_or("");
    wanted.notes[notes::dead_owner] = dead ? *dead->expected_bucket_owner : *storage.expected_bucket_owner;
    if (request.encryption_configuration) wanted.notes[notes::key] = *request.encryption_configuration->key_id;
    if (request.logging_configuration) note_logs(*request.logging_configuration->cloud_watch_logs, wanted.notes);
    return wanted;
}

std::optional<Error> fault_of_places(const CreateChannel& request, const streams::NewChannel& wanted, std::string_view stream) {
    const auto& to = *request.s3_destination_configuration;
    if (!streams::good_bucket(wanted.bucket)) return texts::bad_bucket(*to.storage_configuration->bucket_arn);
    if (!streams::good_bucket(wanted.dead_bucket)) return texts::bad_bucket(*to.dead_letter_queue_s3_configuration->bucket_arn);
    if (const auto fault =
            streams::fault_of_key_template(wanted.key_template, wanted.compression != streams::ChannelCompression::none);
        !fault.empty())
        return texts::bad_key_template(fault);
    if (const auto fault = streams::fault_of_key_prefix(wanted.dead_prefix); !fault.empty()) return texts::bad_key_prefix(fault);
    const streams::ObjectName longest{.channel = *request.channel_name,
                                      .id = "00000000-0000-0000-0000-000000000000",
                                      .stream = stream,
                                      .begun = {},
                                      .extension = ".zst",
                                      .shard = 0,
                                      .first = 0};
    const auto too_long = [&](std::string_view form) {
        const auto [whole, part] = streams::longest_key(form, longest);
        return whole > streams::most_key_bytes || part > streams::most_part_bytes;
    };
    if (too_long(wanted.key_template))
        return texts::key_too_long("OutputKeyTemplate", streams::most_key_bytes, streams::most_part_bytes);
    if (too_long(wanted.dead_prefix + std::string{error_template}))
        return texts::key_too_long("ErrorOutputPrefix", streams::most_key_bytes, streams::most_part_bytes);
    return {};
}

}   // namespace

Task<Reply<CreateChannel>> handle(Call& call, const CreateChannel& request) {
    if (auto fault = fault_of_destination(request)) co_return std::unexpected{*fault};
    auto& channels = streams::channels_of(call.world);
    if (!channels.carrier.catch_up) co_return std::unexpected{texts::no_channel_folder()};
    const auto& source = request.stream_configuration_list->front();
    const auto found = find_stream(call, {.name = {}, .arn = source.stream_arn, .id = {}});
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    const auto name = call.name(stream);
    if (stream.status == streams::StreamStatus::creating || stream.status == streams::StreamStatus::deleting)
        co_return std::unexpected{texts::not_active(name, call.account(), status_text(stream.status))};
    if (!stream.on_demand) co_return std::unexpected{texts::channel_needs_on_demand(name, call.account())};
    auto wanted = wanted_of(call, request);
    if (auto fault = fault_of_places(request, wanted, name)) co_return std::unexpected{*fault};
    if (call.names.name(wanted.name) != *request.channel_name)
        co_return std::unexpected{texts::name_of_other_scope(*request.channel_name)};
    if (channels.find(wanted.name)) co_return std::unexpected{texts::channel_exists(*request.channel_name, call.account())};
    // Counts belong to every profile but `none` (rule 12).
    if (const auto there = channels.of(stream).size();
        there >= channels_per_stream && call.engine.options().kinesis_profile != "none")
        co_return std::unexpected{texts::too_many_channels(name, call.account(), there)};
    const auto tags = request.tags.value_or(TextMap{});
    if (auto fault = fault_of_tags(call, name, tags, 0)) co_return std::unexpected{*fault};
    for (const auto& [key, value] : tags) wanted.tags[std::string{key}] = value;
    const auto full_name = wanted.name;
    auto made = channels.make(stream, std::move(wanted));
    if (!made && made.error() == streams::Fault::bad_name) co_return std::unexpected{texts::name_unusable(*request.channel_name)};
    if (!made && made.error() == streams::Fault::bad_count)
        co_return std::unexpected{texts::too_many_channels(name, call.account(), channels.of(stream).size())};
    if (!made && made.error() == streams::Fault::bad_text) co_return std::unexpected{Error{ErrorCode::serialization}};
    if (!made) co_return std::unexpected{texts::internal_failure()};
    auto told = describe(call, *channels.find(full_name));
    told.channel_status = status_text(streams::StreamStatus::creating);
    auto waiting = stored(std::move(made));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return CreateChannel::Result{std::move(told)};
}

template Task<Answer> serve<CreateChannel>(Serving);

}   // namespace sluice::kinesis
