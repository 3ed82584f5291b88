// DeleteStream: DELETING for the state delay, then gone for both doors. Accepted in any state, as AWS does.
#include "protocol/kinesis/operations/delete_stream.h"

#include <algorithm>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/channels.h"
#include "emulator/kinesis/texts/queues.h"
#include "emulator/kinesis/texts/texts.h"
#include "emulator/streams/channels.h"
#include "emulator/streams/queues/queues.h"

namespace sluice::kinesis {

Task<Reply<DeleteStream>> handle(Call& call, const DeleteStream& request) {
    const auto stream = find_stream(call, address_of(request));
    if (!stream) co_return std::unexpected{stream.error()};
    const std::string name = (*stream)->name;
    if (!(*stream)->consumers.empty() && !request.enforce_consumer_deletion.value_or(false))
        co_return std::unexpected{
            request.stream_arn
                ? texts::has_consumers(*request.stream_arn, *request.stream_arn)
                : texts::has_consumers(fmt::format("{}:{}", call.account(), call.names.name(name)), call.names.name(name))};
    if (call.engine.queues().count(**stream) != 0)
        co_return std::unexpected{texts::has_queues(call.names.name(name), call.account(), DeleteStream::operation)};
    // AWS API, DeleteChannel: not while it has channels, whatever is said of consumers.
    const auto channels = streams::channels_of(call.world).of(**stream);
    if (std::ranges::any_of(channels, [](const auto& one) { return one->status != streams::StreamStatus::deleting; }))
        co_return std::unexpected{texts::stream_has_channels(call.names.name(name), call.account(), channels.size())};
    auto removed = call.engine.remove(call.world, name, true);
    if (!removed) co_return std::unexpected{texts::stream_not_found(call.names.name(name), call.account())};
    const auto done = co_await removed->committed();
    if (!done) co_return std::unexpected{texts::internal_failure()};
    co_return NoResult{};
}

template Task<Answer> serve<DeleteStream>(Serving);

}   // namespace sluice::kinesis
