// Where a reader begins, in the five ways that a request can say it: GetShardIterator's and SubscribeToShard's.
#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "emulator/kinesis/call.h"
#include "emulator/streams/stream.h"

namespace sluice::kinesis {

struct Start {
    std::string_view type;   // TRIM_HORIZON, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER
    std::optional<std::string_view> number;
    std::optional<Time> timestamp;
    std::string_view operation;   // for the texts
};

// What is wrong with it; nothing when nothing is. Looks at no record.
std::optional<Error> fault_of(const Call&, const streams::Shard&, const Start&);
// Of one without a fault.
Task<streams::Position> position_of(Call&, const streams::Shard&, Start);

}   // namespace sluice::kinesis
