// Makes one record batch. Every Kinesis put goes through here, so it measures first and allocates once.
#pragma once

#include "protocol/batch/codecs.h"
#include "protocol/batch/record.h"

namespace sluice::batch {

struct BatchOptions {
    std::int64_t base_offset = 0;
    std::int32_t leader_epoch = -1;
    std::int16_t attributes = 0;   // codec and flags, see header.h
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::optional<std::int64_t> max_timestamp{};   // LogAppendTime; else the largest of the records
};

// At least one record. Offsets count from base_offset; the first record's timestamp is the batch's base.
Blob build(std::span<const Record> records, const BatchOptions& options = {});

// The same batch with some of its records, as compaction leaves it: its offsets, its producer's numbers and its codec stay. With
// a horizon the tombstones and markers in it are known to go at that time (KIP-534); without records only the header is left.
Blob rebuild(const BatchHeader& was, std::span<const Record> kept, std::optional<std::int64_t> delete_horizon = {});

// How long build() makes a batch without compression.
std::size_t built_size(std::span<const Record> records);

}   // namespace sluice::batch
