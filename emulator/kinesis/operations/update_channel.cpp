// UpdateChannel: another freshness holds for objects that begin from now on. The answer says UPDATING, as AWS's does.
#include "protocol/kinesis/operations/update_channel.h"

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/texts/channels.h"

namespace sluice::kinesis {

Task<Reply<UpdateChannel>> handle(Call& call, const UpdateChannel& request) {
    const auto& to = request.s3_destination_configuration;
    if (to)
        if (auto fault = fault_of_freshness(to->data_freshness_in_seconds)) co_return std::unexpected{*fault};
    const auto found = find_channel(call, *request.channel_arn);
    if (!found) co_return std::unexpected{found.error()};
    if (request.s3_tables_destination_configuration) co_return std::unexpected{texts::other_destination()};
    if (!to && !request.logging_configuration) co_return std::unexpected{texts::nothing_to_update()};
    streams::ChannelChange change;
    if (to) change.freshness = std::chrono::seconds{*to->data_freshness_in_seconds};
    if (request.logging_configuration)
        note_logs(*request.logging_configuration->cloud_watch_logs, change.notes.emplace(found->channel->notes));
    auto changed = streams::channels_of(call.world).change(*found->channel, change);
    if (!changed && changed.error() == streams::Fault::not_active)
        co_return std::unexpected{texts::channel_not_active(call.names.name(found->channel->name), call.account(),
                                                            status_text(found->channel->status))};
    if (!changed && changed.error() == streams::Fault::bad_text) co_return std::unexpected{Error{ErrorCode::serialization}};
    auto told = describe(call, *found);
    told.channel_status = status_text(streams::StreamStatus::updating);
    auto waiting = stored(std::move(changed));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return UpdateChannel::Result{std::move(told)};
}

template Task<Answer> serve<UpdateChannel>(Serving);

}   // namespace sluice::kinesis
