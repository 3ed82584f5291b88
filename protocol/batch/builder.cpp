// Measures, writes the records, writes the header in front, sums up. See builder.h.
#include "protocol/batch/builder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sluice::batch {
namespace {

std::size_t field_size(const std::optional<Bytes>& field) {
    return field ? varint_size(static_cast<std::int64_t>(field->size())) + field->size() : 1;
}

std::int64_t delta(const Record& record, std::int64_t base) {   // wraps for timestamps at the ends of time
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(record.timestamp) - static_cast<std::uint64_t>(base));
}

// Bytes of a record after its length.
std::size_t body_size(const Record& record, std::int64_t base_timestamp, std::int64_t index) {
    return 1 + varint_size(delta(record, base_timestamp)) + varint_size(index) + field_size(record.key) +
           field_size(record.value) + varint_size(record.header_count) + record.headers.size();
}

std::byte* put(std::byte* to, Bytes bytes) {
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return to + bytes.size();
}

std::byte* put(std::byte* to, const std::optional<Bytes>& field) {
    if (!field) return put_varint(to, -1);
    return put(put_varint(to, static_cast<std::int64_t>(field->size())), *field);
}

void finish(Blob& batch, std::span<const Record> records, const BatchOptions& options) {
    auto* b = batch.data();
    const auto latest = std::ranges::max_element(records, {}, &Record::timestamp)->timestamp;
    store(b + at::base_offset, options.base_offset);
    store(b + at::length, static_cast<std::int32_t>(batch.size() - before_length_ends));
    store(b + at::leader_epoch, options.leader_epoch);
    store(b + at::magic, std::int8_t{2});
    store(b + at::attributes, options.attributes);
    store(b + at::last_offset_delta, static_cast<std::int32_t>(records.size() - 1));
    store(b + at::base_timestamp, records.front().timestamp);
    store(b + at::max_timestamp, options.max_timestamp.value_or(latest));
    store(b + at::producer_id, options.producer_id);
    store(b + at::producer_epoch, options.producer_epoch);
    store(b + at::base_sequence, options.base_sequence);
    store(b + at::count, static_cast<std::int32_t>(records.size()));
    store(b + at::crc, checksum(batch));
}

// A record with the number that it has in its batch.
std::byte* put_record(std::byte* to, const Record& record, std::int64_t base, std::int64_t index) {
    to = put_varint(to, static_cast<std::int64_t>(body_size(record, base, index)));
    *to++ = std::byte{0};
    to = put_varint(to, delta(record, base));
    to = put_varint(to, index);
    to = put(to, record.key);
    to = put(to, record.value);
    return put(put_varint(to, record.header_count), record.headers);
}

void pack(Blob& batch, std::int16_t attributes) {
    const auto codec = attributes & attribute::codec_mask;
    if (codec == 0) return;
    const auto packed = compress(static_cast<Codec>(codec), Bytes{batch}.subspan(header_bytes));
    batch.resize(header_bytes);
    batch.insert(batch.end(), packed.begin(), packed.end());
}

}   // namespace

std::size_t built_size(std::span<const Record> records) {
    std::size_t size = header_bytes;
    std::int64_t index = 0;
    for (const auto& record : records) {
        const auto body = body_size(record, records.front().timestamp, index++);
        size += varint_size(static_cast<std::int64_t>(body)) + body;
    }
    return size;
}

Blob build(std::span<const Record> records, const BatchOptions& options) {
    if (records.empty()) {
        std::fputs("batch::build: a batch needs a record\n", stderr);
        std::abort();
    }
    const auto base = records.front().timestamp;
    Blob batch(built_size(records));
    auto* to = batch.data() + header_bytes;
    std::int64_t index = 0;
    for (const auto& record : records) to = put_record(to, record, base, index++);
    pack(batch, options.attributes);
    finish(batch, records, options);
    return batch;
}

Blob rebuild(const BatchHeader& was, std::span<const Record> kept, std::optional<std::int64_t> delete_horizon) {
    auto attributes = was.attributes;
    if (delete_horizon) attributes = static_cast<std::int16_t>(attributes | attribute::delete_horizon);
    if (kept.empty()) attributes = static_cast<std::int16_t>(attributes & ~(attribute::codec_mask | attribute::delete_horizon));
    const auto base = delete_horizon.value_or(was.base_timestamp);
    std::size_t size = header_bytes;
    for (const auto& record : kept) {
        const auto body = body_size(record, base, record.offset_delta);
        size += varint_size(static_cast<std::int64_t>(body)) + body;
    }
    Blob batch(size);
    auto* to = batch.data() + header_bytes;
    for (const auto& record : kept) to = put_record(to, record, base, record.offset_delta);
    pack(batch, attributes);
    const bool own_time = was.log_append_time() || kept.empty();
    auto* b = batch.data();
    store(b + at::base_offset, was.base_offset);
    store(b + at::length, static_cast<std::int32_t>(batch.size() - before_length_ends));
    store(b + at::leader_epoch, was.leader_epoch);
    store(b + at::magic, was.magic);
    store(b + at::attributes, attributes);
    store(b + at::last_offset_delta, was.last_offset_delta);
    store(b + at::base_timestamp, kept.empty() ? std::int64_t{-1} : base);
    store(b + at::max_timestamp,
          own_time ? was.max_timestamp : std::ranges::max_element(kept, {}, &Record::timestamp)->timestamp);
    store(b + at::producer_id, was.producer_id);
    store(b + at::producer_epoch, was.producer_epoch);
    store(b + at::base_sequence, was.base_sequence);
    store(b + at::count, static_cast<std::int32_t>(kept.size()));
    store(b + at::crc, checksum(batch));
    return batch;
}

}   // namespace sluice::batch
