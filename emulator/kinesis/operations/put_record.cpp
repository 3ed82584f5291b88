// PutRecord: one record; over the limit it is refused whole. Answered when committed.
#include "protocol/kinesis/operations/put_record.h"
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/records/puts.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

Task<Reply<PutRecord>> handle(Call& call, const PutRecord& request) {
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    // Kept by the frame: a stream deleted meanwhile must not take its shards away from under us.
    const auto& stream = *found;
    if (auto fault = accepts_puts(call, *stream)) co_return std::unexpected{*fault};
    const auto put = check_put(*stream, 0, request.partition_key, request.explicit_hash_key, request.data->bytes);
    if (!put) co_return std::unexpected{put.error()};
    if (request.sequence_number_for_ordering) {
        const auto number = *request.sequence_number_for_ordering;
        const auto sequence = streams::parse_sequence(number);
        const auto* shard = sequence ? stream->shard(sequence->shard) : nullptr;
        if (!shard || sequence->version != 2 || sequence->created_s != shard->created_s || sequence->index > shard->queued_end)
            co_return std::unexpected{texts::ordering_invalid(number, call.name(*stream), call.account())};
    }
    if (request.dry_run.value_or(false)) co_return std::unexpected{texts::dry_run()};
    const auto& shard = shard_of(call.engine, *stream, *put);
    if (call.engine.admit(shard, put->bytes(), 1, put->key))
        co_return std::unexpected{Error{ErrorCode::provisioned_throughput_exceeded,
                                        texts::rate_exceeded(shard_id(shard.index), call.name(*stream), call.account())}};
    ShardPuts one{shard};
    one.add(*put);
    const bool encrypted = stream->encrypted();   // when it is queued, which is when its place is known
    if (!one.queue(call.engine)) co_return std::unexpected{texts::internal_failure()};
    if (!one.ticket().done()) co_await one.ticket().finished();
    if (!one.ticket().outcome()) co_return std::unexpected{texts::internal_failure()};
    co_return PutRecord::Result{.shard_id = shard_id(shard.index),
                                .sequence_number = sequence_number(shard, one.position(0), one.appended_ms()),
                                .encryption_type = encrypted ? std::optional<std::string_view>{"KMS"} : std::nullopt};
}

template Task<Answer> serve<PutRecord>(Serving);

}   // namespace sluice::kinesis
