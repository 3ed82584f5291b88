#include "emulator/kinesis/records/starting.h"

#include <algorithm>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {
namespace {

// The position a sequence number means for this shard. The shard's own starting number (index 0) is fine with no record there.
std::expected<streams::Position, Error> position_of_number(const Call& call, const streams::Shard& shard, const Start& start) {
    const auto& stream = *shard.stream;
    const auto number = *start.number;
    const auto invalid = [&](bool other_stream) {
        return std::unexpected{texts::number_invalid(number, start.operation, shard_id(shard.index), call.name(stream),
                                                     call.account(), other_stream)};
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
    return start.type == "AFTER_SEQUENCE_NUMBER" || sequence->behind ? sequence->index
                                                                     : std::max<streams::Position>(sequence->index - 1, 0);
}

bool by_number(const Start& start) { return start.type.ends_with("_SEQUENCE_NUMBER"); }

}   // namespace

std::optional<Error> fault_of(const Call& call, const streams::Shard& shard, const Start& start) {
    if (by_number(start) && !start.number) return texts::number_missing(start.type);
    if (!by_number(start) && start.number) return texts::number_unwanted(start.type);
    if (by_number(start)) {
        const auto at = position_of_number(call, shard, start);
        return at ? std::nullopt : std::optional{at.error()};
    }
    if (start.type != "AT_TIMESTAMP") return {};
    if (!start.timestamp) return texts::timestamp_missing();
    const Time now = call.world.clock->now();
    if (*start.timestamp > now) return texts::timestamp_in_future(to_ms(*start.timestamp), to_ms(now));
    return {};
}

Task<streams::Position> position_of(Call& call, const streams::Shard& shard, Start start) {
    if (start.type == "TRIM_HORIZON") co_return call.engine.bounds(shard).begin;
    if (start.type == "LATEST") co_return shard.stable();
    if (by_number(start)) co_return position_of_number(call, shard, start).value_or(0);
    auto first = call.engine.rehearse([extents = shard.extents, ms = to_ms(*start.timestamp)](const storage::Snapshot& snapshot) {
        for (const auto& extent : extents) (void)snapshot.find_appended(extent.log, ms);
    });
    co_await std::move(first);
    co_return call.engine.find_appended(shard, *start.timestamp);
}

}   // namespace sluice::kinesis
