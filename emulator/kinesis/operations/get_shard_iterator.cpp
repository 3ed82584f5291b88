// GetShardIterator: five ways to say where to begin. Faults come in AWS's order: shard syntax, stream, shard, then arguments; the
// limit of 5 calls a second on an open shard comes last, so that only what would be answered counts.
#include "protocol/kinesis/operations/get_shard_iterator.h"
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/records/starting.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {
Task<Reply<GetShardIterator>> handle(Call& call, const GetShardIterator& request) {
    const auto name = stream_name(address_of(request));
    if (!name) co_return std::unexpected{name.error()};
    const auto index = shard_or_fault(call, *request.shard_id, *name);
    if (!index) co_return std::unexpected{index.error()};
    const auto stream = look_up(call, address_of(request), *name);
    auto* shard = stream && stream->status != streams::StreamStatus::creating ? stream->shard(*index) : nullptr;
    const Time now = call.world.clock->now();
    if (!shard || expired(*shard, now))
        co_return std::unexpected{texts::shard_does_not_exist(shard_id(*index), *name, call.account())};

    const Start start{*request.shard_iterator_type, request.starting_sequence_number, request.timestamp, request.operation};
    if (const auto fault = fault_of(call, *shard, start)) co_return std::unexpected{*fault};
    if (request.dry_run.value_or(false)) co_return std::unexpected{texts::dry_run()};
    if (call.engine.admit_iterator(*shard))
        co_return std::unexpected{texts::read_rate_exceeded(shard_id(*index), *name, call.account())};

    auto finding = position_of(call, *shard, start);
    const auto position = co_await std::move(finding);
    co_return GetShardIterator::Result{seal(Iterator{.stream = stream->name,
                                                     .id = stream->id,
                                                     .shard = *index,
                                                     .position = position,
                                                     .issued = now,
                                                     .serial = call.engine.random().next()})};
}

template Task<Answer> serve<GetShardIterator>(Serving);

}   // namespace sluice::kinesis
