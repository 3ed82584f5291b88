// How a broker finds the batch in what a Produce carries for a partition: by sizes alone, before anything else of it is looked
// at. What stands behind and is no whole batch does not count, as in Kafka. And what it sets right in the batch's header.
#pragma once

#include <expected>

#include "protocol/batch/header.h"

namespace sluice::batch {

enum class FrontFault {
    small_size,      // its size is less than any record's
    unknown_magic,   // none of 0, 1 and 2
};

inline constexpr std::int32_t least_size = 14;   // what a message of the oldest magic has besides its key and value

// The whole batch that stands first; empty when none does.
inline std::expected<Bytes, FrontFault> front_batch(Bytes records) {
    if (records.size() < before_length_ends) return Bytes{};
    const auto length = load<std::int32_t>(records.data() + at::length);
    if (length < least_size) return std::unexpected{FrontFault::small_size};
    if (records.size() <= at::magic) return Bytes{};
    const auto magic = load<std::int8_t>(records.data() + at::magic);
    if (magic < 0 || magic > 2) return std::unexpected{FrontFault::unknown_magic};
    const auto size = before_length_ends + static_cast<std::size_t>(length);
    return size > records.size() ? Bytes{} : records.first(size);
}

// The records' own times count, of which `most_ms` is the largest; the batch gets a new checksum.
inline void set_create_time(std::span<std::byte> batch, std::int64_t most_ms) {
    const auto attributes = load<std::int16_t>(batch.data() + at::attributes);
    store(batch.data() + at::attributes, static_cast<std::int16_t>(attributes & ~attribute::log_append_time));
    store(batch.data() + at::max_timestamp, most_ms);
    store(batch.data() + at::crc, checksum(batch));
}

}   // namespace sluice::batch
