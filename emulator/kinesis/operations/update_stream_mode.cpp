// UpdateStreamMode: the shards stay as they are, unless warm throughput asks for others. A stream whose records are spread stays
// on demand: AWS has no such stream in the other mode, and its producers may send no keys (docs/decisions/020). A stream that is
// in that mode is left alone, since Terraform asks for it with each run.
#include "protocol/kinesis/operations/update_stream_mode.h"
#include "emulator/kinesis/account.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/texts/channels.h"
#include "emulator/kinesis/texts/queues.h"
#include "emulator/streams/channels.h"
#include "emulator/streams/queues/queues.h"

namespace sluice::kinesis {

Task<Reply<UpdateStreamMode>> handle(Call& call, const UpdateStreamMode& request) {
    const auto found = find_active(call, {.name = {}, .arn = request.stream_arn, .id = request.stream_id});
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    const bool on_demand = *request.stream_mode_details->stream_mode == "ON_DEMAND";
    const auto warm = request.warm_throughput_mibps.value_or(0);
    if (auto fault = fault_of_warm(call, on_demand, warm)) co_return std::unexpected{*fault};
    if (stream.on_demand == on_demand && (warm == 0 || warm == stream.warm_mibps)) {
        auto waiting = stored(call.engine.settled(stream));
        if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
        co_return NoResult{};
    }
    if (!on_demand && call.engine.queues().count(stream) != 0)
        co_return std::unexpected{texts::has_queues(call.name(stream), call.account(), UpdateStreamMode::operation)};
    // Ours: channels are of on-demand streams alone, and AWS does not say what becomes of them.
    if (stream.on_demand && !on_demand && !streams::channels_of(call.world).of(stream).empty())
        co_return std::unexpected{texts::mode_has_channels(call.name(stream), call.account())};
    if (stream.on_demand != on_demand)
        if (auto fault = used_up(call, stream, streams::Daily::mode, UpdateStreamMode::operation))
            co_return std::unexpected{*fault};
    if (!on_demand && stream.spread()) co_return std::unexpected{texts::spread_is_on_demand(call.name(stream), call.account())};
    if (auto fault = on_demand && !stream.on_demand ? fault_of_on_demand(call) : std::nullopt) co_return std::unexpected{*fault};
    const auto shards = warm == 0 ? 0 : shards_for(warm);
    if (auto fault = fault_of_shards(call, shards - static_cast<std::int64_t>(stream.open_shards())); shards != 0 && fault)
        co_return std::unexpected{*fault};
    auto changed = call.engine.set_capacity(stream, {on_demand, warm, shards});
    if (!changed && changed.error() == streams::Fault::bad_count) co_return std::unexpected{too_many_shards(call, shards)};
    auto waiting = stored(std::move(changed));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<UpdateStreamMode>(Serving);

}   // namespace sluice::kinesis
