// DeregisterStreamConsumer: DELETING for the state delay, then gone; whoever reads by it is told then.
#include "protocol/kinesis/operations/deregister_stream_consumer.h"

#include "emulator/kinesis/consumers.h"
#include "emulator/kinesis/operations/attributes.h"

namespace sluice::kinesis {

Task<Reply<DeregisterStreamConsumer>> handle(Call& call, const DeregisterStreamConsumer& request) {
    const auto found = find_consumer(call, request.stream_arn, request.consumer_name, request.consumer_arn, request.stream_id);
    if (!found) co_return std::unexpected{found.error()};
    auto waiting = stored(call.engine.deregister_consumer(*found->stream, found->consumer->name));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*std::move(fault)};
    co_return NoResult{};
}

template Task<Answer> serve<DeregisterStreamConsumer>(Serving);

}   // namespace sluice::kinesis
