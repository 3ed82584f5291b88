// A record of the log as Kinesis readers see it, whichever door wrote it (rule 20).
#pragma once

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/records/partition_key.h"

namespace sluice::kinesis {

// Views into the record, or into what `kept` keeps.
inline Record shown_record(const streams::Shard& shard, const streams::Record& record, SequenceNumbers& numbers,
                           std::list<std::string>& kept) {
    const auto text = [](std::span<const std::byte> bytes) {
        return std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    };
    // Of what a stream that is or was spread holds, a record without a key was put without one, mostly; a Kafka producer's is not
    // told apart.
    const bool keyless = !record.key && shard.stream->placing != streams::Placing::by_key;
    return {.sequence_number = numbers.at(record.position, record.appended_ms),
            .approximate_arrival_timestamp = from_ms(record.appended_ms),
            .data = {record.value ? text(*record.value) : std::string_view{}},
            .partition_key = keyless ? std::nullopt : std::optional{shown_partition_key(record.key, kept)},
            .encryption_type = encryption_of(shard, record.position)};
}

// Clients take 0 for "caught up", so anything unread is at least one millisecond behind. What is not decided cannot be read yet.
inline std::int64_t millis_behind(streams::Engine& engine, const streams::Shard& shard, streams::Position next, Time now) {
    if (next >= shard.stable()) return 0;
    return std::max<std::int64_t>(1, to_ms(now) - engine.appended_ms(shard, next).value_or(to_ms(now)));
}

}   // namespace sluice::kinesis
