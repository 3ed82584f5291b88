// MergeShards: two neighbours close, one child takes both ranges and lists both parents.
#include "protocol/kinesis/operations/merge_shards.h"
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

Task<Reply<MergeShards>> handle(Call& call, const MergeShards& request) {
    const auto name = stream_name(address_of(request));
    if (!name) co_return std::unexpected{name.error()};
    const auto first = shard_or_fault(call, *request.shard_to_merge, *name);
    if (!first) co_return std::unexpected{first.error()};
    const auto second = shard_or_fault(call, *request.adjacent_shard_to_merge, *name);
    if (!second) co_return std::unexpected{second.error()};
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    auto& stream = **found;
    if (auto fault = must_be_active(call, stream)) co_return std::unexpected{*fault};
    if (stream.on_demand) co_return std::unexpected{texts::on_demand(call.name(stream), call.account())};
    for (const auto index : {*first, *second}) {
        const auto* shard = stream.shard(index);
        if (!shard) co_return std::unexpected{texts::shard_not_found(shard_id(index), call.name(stream), call.account())};
        if (!shard->open())
            co_return std::unexpected{texts::already_resharded(shard_id(index), call.name(stream), call.account())};
    }
    auto done = call.engine.merge(stream, *first, *second);
    if (!done) {
        if (done.error() == streams::Fault::not_adjacent)
            co_return std::unexpected{
                texts::not_adjacent(shard_id(*first), shard_id(*second), call.name(stream), call.account())};
        if (done.error() == streams::Fault::bad_count) co_return std::unexpected{too_many_shards(call, 1)};
        co_return std::unexpected{texts::internal_failure()};
    }
    const auto committed = co_await done->committed();
    if (!committed) co_return std::unexpected{texts::internal_failure()};
    co_return NoResult{};
}

template Task<Answer> serve<MergeShards>(Serving);

}   // namespace sluice::kinesis
