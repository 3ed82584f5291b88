// GetShardIterator: five ways to say where to begin. Faults come in AWS's order: shard syntax, stream, shard, then arguments; the
// limit of 5 calls a second on an open shard comes last, so that only what would be answered counts.
#include <algorithm>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"
#include "protocol/kinesis/operations/get_shard_iterator.h"

namespace sluice::kinesis {
namespace {

// The position a sequence number means for this shard. The shard's own starting number (index 0) is fine with no record there.
std::expected<streams::Position, Error> position_of(const Call& call, const streams::Shard& shard, std::string_view number,
                                                    bool after) {
    const auto& stream = *shard.stream;
    const auto invalid = [&](bool other_stream) {
        return std::unexpected{
            texts::number_invalid(number, shard_id(shard.index), call.name(stream), call.account(), other_stream)};
    };
    const auto sequence = streams::parse_sequence(number);
    if (!sequence) return invalid(false);
    if (sequence->shard != shard.index)
        return std::unexpected{texts::number_of_other_shard(shard_id(sequence->shard), shard_id(shard.index))};
    if (sequence->version == 0) return std::unexpected{texts::internal_failure()};   // seen: AWS 2015
    if (sequence->created_s != shard.created_s) return invalid(true);
    if (sequence->index == streams::closing_index) {
        if (!shard.closed) return invalid(false);
        return shard.end;
    }
    if (sequence->index > shard.end) return invalid(false);
    return after ? sequence->index : std::max<streams::Position>(sequence->index - 1, 0);
}

}   // namespace

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

    const auto type = *request.shard_iterator_type;
    const bool by_number = type.ends_with("_SEQUENCE_NUMBER");
    if (by_number && !request.starting_sequence_number) co_return std::unexpected{texts::number_missing(type)};
    if (!by_number && request.starting_sequence_number) co_return std::unexpected{texts::number_unwanted(type)};
    streams::Position position{};
    if (by_number) {
        const auto at = position_of(call, *shard, *request.starting_sequence_number, type == "AFTER_SEQUENCE_NUMBER");
        if (!at) co_return std::unexpected{at.error()};
        position = *at;
    } else if (type == "AT_TIMESTAMP") {
        if (!request.timestamp) co_return std::unexpected{texts::timestamp_missing()};
        if (*request.timestamp > now)
            co_return std::unexpected{texts::timestamp_in_future(to_ms(*request.timestamp), to_ms(now))};
    }
    if (request.dry_run.value_or(false)) co_return std::unexpected{texts::dry_run()};
    if (call.engine.admit_iterator(*shard))
        co_return std::unexpected{texts::read_rate_exceeded(shard_id(*index), *name, call.account())};

    if (type == "TRIM_HORIZON") {
        position = call.engine.bounds(*shard).begin;
    } else if (type == "LATEST") {
        position = shard->end;
    } else if (!by_number) {
        auto first =
            call.engine.rehearse([extents = shard->extents, ms = to_ms(*request.timestamp)](const storage::Snapshot& snapshot) {
                for (const auto& extent : extents) (void)snapshot.find_appended(extent.log, ms);
            });
        co_await std::move(first);
        position = call.engine.find_appended(*shard, *request.timestamp);
    }
    co_return GetShardIterator::Result{seal(Iterator{.stream = stream->name,
                                                     .id = stream->id,
                                                     .shard = *index,
                                                     .position = position,
                                                     .issued = now,
                                                     .serial = call.engine.random().next()})};
}

template Task<Answer> serve<GetShardIterator>(Serving);

}   // namespace sluice::kinesis
