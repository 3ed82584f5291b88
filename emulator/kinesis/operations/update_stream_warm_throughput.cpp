// UpdateStreamWarmThroughput: an on-demand stream gets as many shards as take in that much, or gives back what it asked for
// before; 0 gives back all of it.
#include "protocol/kinesis/operations/update_stream_warm_throughput.h"
#include "emulator/kinesis/account.h"
#include "emulator/kinesis/operations/attributes.h"

namespace sluice::kinesis {

Task<Reply<UpdateStreamWarmThroughput>> handle(Call& call, const UpdateStreamWarmThroughput& request) {
    const auto found = find_active(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto stream = *found;
    const auto warm = *request.warm_throughput_mibps;
    if (!stream->on_demand) co_return std::unexpected{texts::warm_needs_on_demand()};
    if (auto fault = fault_of_warm(call, true, warm)) co_return std::unexpected{*fault};
    const auto current = static_cast<std::int32_t>(stream->open_shards());
    if (auto fault = fault_of_shards(call, shards_for(warm) - current)) co_return std::unexpected{*fault};
    auto changed = call.engine.set_capacity(*stream, {true, warm, shards_for(warm)});
    if (!changed && changed.error() == streams::Fault::bad_count)
        co_return std::unexpected{too_many_shards(call, std::max(1, shards_for(warm) - current))};
    auto waiting = stored(std::move(changed));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return UpdateStreamWarmThroughput::Result{
        .stream_arn = arn_of(call, *stream),
        .stream_name = std::string{call.name(*stream)},
        .warm_throughput = WarmThroughput{.target_mibps = warm, .current_mibps = current}};
}

template Task<Answer> serve<UpdateStreamWarmThroughput>(Serving);

}   // namespace sluice::kinesis
