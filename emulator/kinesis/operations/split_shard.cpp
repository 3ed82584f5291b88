// SplitShard: the parent closes, two children take the next numbers, lower half first. Its Kafka partition is sealed (rule 15).
#include "protocol/kinesis/operations/split_shard.h"
#include "emulator/kinesis/account.h"
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

Task<Reply<SplitShard>> handle(Call& call, const SplitShard& request) {
    const auto name = stream_name(address_of(request));
    if (!name) co_return std::unexpected{name.error()};
    const auto index = shard_or_fault(call, *request.shard_to_split, *name);
    if (!index) co_return std::unexpected{index.error()};
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    auto& stream = **found;
    if (auto fault = must_be_active(call, stream)) co_return std::unexpected{*fault};
    if (stream.on_demand) co_return std::unexpected{texts::on_demand(call.name(stream), call.account())};
    const auto* shard = stream.shard(*index);
    if (!shard) co_return std::unexpected{texts::shard_not_found(shard_id(*index), call.name(stream), call.account())};
    if (!shard->open()) co_return std::unexpected{texts::already_resharded(shard_id(*index), call.name(stream), call.account())};
    const auto bad_key = [&] {
        return texts::bad_split_key(*request.new_starting_hash_key, shard_id(*index), call.name(stream), call.account(),
                                    streams::to_string(shard->range.first), streams::to_string(shard->range.last));
    };
    const auto key = streams::parse_hash_key(*request.new_starting_hash_key);
    if (!key) co_return std::unexpected{bad_key()};
    if (auto fault = fault_of_shards(call, 1)) co_return std::unexpected{*fault};
    auto done = call.engine.split(stream, *index, *key);
    if (!done) {
        if (done.error() == streams::Fault::bad_count) co_return std::unexpected{too_many_shards(call, 1)};
        if (done.error() == streams::Fault::bad_hash_key) co_return std::unexpected{bad_key()};
        co_return std::unexpected{texts::internal_failure()};
    }
    const auto committed = co_await done->committed();
    if (!committed) co_return std::unexpected{texts::internal_failure()};
    co_return NoResult{};
}

template Task<Answer> serve<SplitShard>(Serving);

}   // namespace sluice::kinesis
