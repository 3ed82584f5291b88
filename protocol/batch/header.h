// The 61 bytes in front of every record batch (magic 2): where each field lies, reading them, and the two a broker
// may change without touching the checksum. Record batches are the only stored form, so both doors use this folder.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace sluice::batch {

using Bytes = std::span<const std::byte>;
using Blob = std::vector<std::byte>;

enum class Codec : std::uint8_t { none, gzip, snappy, lz4, zstd };

namespace at {   // byte offsets within a batch
inline constexpr std::size_t base_offset = 0, length = 8, leader_epoch = 12, magic = 16, crc = 17, attributes = 21,
                             last_offset_delta = 23, base_timestamp = 27, max_timestamp = 35, producer_id = 43,
                             producer_epoch = 51, base_sequence = 53, count = 57;
}
inline constexpr std::size_t header_bytes = 61;
inline constexpr std::size_t before_length_ends = 12;   // `length` counts what follows itself

namespace attribute {   // bits of `attributes`
inline constexpr std::int16_t codec_mask = 7, log_append_time = 8, transactional = 16, control = 32, delete_horizon = 64;
}

template <std::integral I>
I load(const std::byte* from) {
    I value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (sizeof(I) > 1 && std::endian::native == std::endian::little) value = std::byteswap(value);
    return value;
}
template <std::integral I>
void store(std::byte* to, I value) {
    if constexpr (sizeof(I) > 1 && std::endian::native == std::endian::little) value = std::byteswap(value);
    std::memcpy(to, &value, sizeof value);
}

struct BatchHeader {
    std::int64_t base_offset{};
    std::int32_t length{};
    std::int32_t leader_epoch{};
    std::int8_t magic{};
    std::uint32_t crc{};
    std::int16_t attributes{};
    std::int32_t last_offset_delta{};
    std::int64_t base_timestamp{};
    std::int64_t max_timestamp{};
    std::int64_t producer_id{};
    std::int16_t producer_epoch{};
    std::int32_t base_sequence{};
    std::int32_t count{};

    int codec_id() const { return attributes & attribute::codec_mask; }   // 5–7 mean nothing
    Codec codec() const { return static_cast<Codec>(codec_id()); }
    bool log_append_time() const { return attributes & attribute::log_append_time; }
    bool transactional() const { return attributes & attribute::transactional; }
    bool control() const { return attributes & attribute::control; }
    std::int64_t last_offset() const { return base_offset + last_offset_delta; }
    std::int64_t size() const { return std::int64_t{length} + static_cast<std::int64_t>(before_length_ends); }
};

// Nothing when there are fewer than 61 bytes. The values are as found: nothing is checked here.
inline std::optional<BatchHeader> parse_header(Bytes batch) {
    if (batch.size() < header_bytes) return std::nullopt;
    const auto* b = batch.data();
    return BatchHeader{
        .base_offset = load<std::int64_t>(b + at::base_offset),
        .length = load<std::int32_t>(b + at::length),
        .leader_epoch = load<std::int32_t>(b + at::leader_epoch),
        .magic = load<std::int8_t>(b + at::magic),
        .crc = load<std::uint32_t>(b + at::crc),
        .attributes = load<std::int16_t>(b + at::attributes),
        .last_offset_delta = load<std::int32_t>(b + at::last_offset_delta),
        .base_timestamp = load<std::int64_t>(b + at::base_timestamp),
        .max_timestamp = load<std::int64_t>(b + at::max_timestamp),
        .producer_id = load<std::int64_t>(b + at::producer_id),
        .producer_epoch = load<std::int16_t>(b + at::producer_epoch),
        .base_sequence = load<std::int32_t>(b + at::base_sequence),
        .count = load<std::int32_t>(b + at::count),
    };
}

// CRC-32C as Kafka and iSCSI use it: of "123456789" it is 0xe3069283.
std::uint32_t crc32c(Bytes bytes);

// The checksum covers everything from the attributes on, so base offset and leader epoch may change freely.
inline std::uint32_t checksum(Bytes batch) { return crc32c(batch.subspan(at::attributes)); }
inline void set_base_offset(std::span<std::byte> batch, std::int64_t offset) { store(batch.data() + at::base_offset, offset); }
inline void set_leader_epoch(std::span<std::byte> batch, std::int32_t epoch) { store(batch.data() + at::leader_epoch, epoch); }
// All of the batch's records move by as much as the first one does; the batch gets a new checksum.
inline void move_timestamps(std::span<std::byte> batch, std::int64_t first_ms) {
    const auto by = first_ms - load<std::int64_t>(batch.data() + at::base_timestamp);
    store(batch.data() + at::base_timestamp, first_ms);
    store(batch.data() + at::max_timestamp, load<std::int64_t>(batch.data() + at::max_timestamp) + by);
    store(batch.data() + at::crc, checksum(batch));
}
// For LogAppendTime topics; the batch gets a new checksum.
inline void stamp_append_time(std::span<std::byte> batch, std::int64_t timestamp_ms) {
    const auto attributes = load<std::int16_t>(batch.data() + at::attributes);
    store(batch.data() + at::attributes, static_cast<std::int16_t>(attributes | attribute::log_append_time));
    store(batch.data() + at::max_timestamp, timestamp_ms);
    store(batch.data() + at::crc, checksum(batch));
}

}   // namespace sluice::batch
