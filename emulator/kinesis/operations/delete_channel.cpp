// DeleteChannel: what was not delivered yet is delivered no more (AWS API: it stops the delivery), what was stays where it is.
#include "protocol/kinesis/operations/delete_channel.h"

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/operations/attributes.h"

namespace sluice::kinesis {

Task<Reply<DeleteChannel>> handle(Call& call, const DeleteChannel& request) {
    const auto found = find_channel(call, *request.channel_arn);
    if (!found) co_return std::unexpected{found.error()};
    auto waiting = stored(streams::channels_of(call.world).remove(*found->channel));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<DeleteChannel>(Serving);

}   // namespace sluice::kinesis
