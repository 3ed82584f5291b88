// DeregisterStreamConsumer: DELETING for the state delay, then gone; whoever reads by it is told then.
#include "protocol/kinesis/operations/deregister_stream_consumer.h"

#include "emulator/kinesis/consumers.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

Task<Reply<DeregisterStreamConsumer>> handle(Call& call, const DeregisterStreamConsumer& request) {
    const auto found = find_consumer(call, request.stream_arn, request.consumer_name, request.consumer_arn, request.stream_id);
    if (!found) co_return std::unexpected{found.error()};
    const auto done = call.engine.deregister_consumer(*found->stream, found->consumer->name);
    if (!done) co_return std::unexpected{texts::internal_failure()};
    const auto stored = co_await done->committed();
    if (!stored) co_return std::unexpected{texts::internal_failure()};
    co_return NoResult{};
}

template Task<Answer> serve<DeregisterStreamConsumer>(Serving);

}   // namespace sluice::kinesis
