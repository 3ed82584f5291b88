// UpdateStreamRecordDistributionStrategy: counts for the next put. With AUTO keys decide nothing: each record goes to the next
// open shard in turn, in the order of hash ranges. A stream that is provisioned has USER_PARTITION_KEY, and may be told so.
#include "protocol/kinesis/operations/update_stream_record_distribution_strategy.h"
#include "emulator/kinesis/operations/attributes.h"

namespace sluice::kinesis {

Task<Reply<UpdateStreamRecordDistributionStrategy>> handle(Call& call, const UpdateStreamRecordDistributionStrategy& request) {
    const auto found = find_active(call, {.name = {}, .arn = request.stream_arn, .id = request.stream_id});
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    const bool spread = *request.record_distribution_strategy == "AUTO";
    if (spread && !stream.on_demand) co_return std::unexpected{texts::spread_needs_on_demand(call.name(stream), call.account())};
    auto waiting = stored(call.engine.set_spread(stream, spread));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<UpdateStreamRecordDistributionStrategy>(Serving);

}   // namespace sluice::kinesis
