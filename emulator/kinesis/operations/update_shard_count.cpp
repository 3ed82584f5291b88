// UpdateShardCount: splits and merges to equal shards (catalog/uniform.h says how). To Kafka each is what SplitShard and
// MergeShards are: sealed partitions and new ones.
#include "protocol/kinesis/operations/update_shard_count.h"
#include "emulator/kinesis/account.h"
#include "emulator/kinesis/operations/attributes.h"

namespace sluice::kinesis {

Task<Reply<UpdateShardCount>> handle(Call& call, const UpdateShardCount& request) {
    const auto found = find_active(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto stream = *found;
    if (stream->on_demand) co_return std::unexpected{texts::on_demand(call.name(*stream), call.account())};
    const auto target = *request.target_shard_count, open = static_cast<std::int32_t>(stream->open_shards());
    if (target > streams::scaled_shards) co_return std::unexpected{texts::target_too_high(streams::scaled_shards, target)};
    if (target > 2 * open) co_return std::unexpected{texts::scaled_too_high(open, target)};
    // The API's text forbids less than half; AWS was seen to go from 10 to 3 (moto's tests, run against AWS).
    if (call.engine.options().kinesis_profile == "kinesis-strict" && 2 * target < open)
        co_return std::unexpected{texts::scaled_too_low(open, target)};
    if (auto fault = used_up(call, *stream, streams::Daily::scaling, UpdateShardCount::operation))
        co_return std::unexpected{*fault};
    if (auto fault = fault_of_shards(call, target - open)) co_return std::unexpected{*fault};
    auto changed = call.engine.scale(*stream, target);
    if (!changed && changed.error() == streams::Fault::bad_count)
        co_return std::unexpected{too_many_shards(call, std::max(1, target - open))};
    auto waiting = stored(std::move(changed));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return UpdateShardCount::Result{.stream_name = std::string{call.name(*stream)},
                                       .current_shard_count = open,
                                       .target_shard_count = target,
                                       .stream_arn = arn_of(call, *stream)};
}

template Task<Answer> serve<UpdateShardCount>(Serving);

}   // namespace sluice::kinesis
