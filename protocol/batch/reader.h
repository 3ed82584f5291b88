// Walks the records of one batch, and checks a batch a client wants to append. Records are views: into the batch, or
// into the caller's scratch buffer when the batch was compressed.
#pragma once

#include <limits>
#include <string_view>

#include "protocol/batch/codecs.h"
#include "protocol/batch/record.h"
#include "protocol/wire_limits.h"

namespace sluice::batch {

enum class BatchError {
    empty,             // no bytes at all
    truncated,         // fewer bytes than a header or than the stated length
    several_batches,   // bytes after the first batch
    old_magic,         // message sets of before Kafka 0.11
    unknown_magic,     // above 2
    bad_crc,
    base_offset_not_zero,
    control_batch,   // only brokers write those
    bad_count,       // zero, negative, or not the number of records
    bad_last_offset_delta,
    bad_offset_delta,   // a record is not numbered by its place
    no_sequence,        // a producer id without a sequence
    unknown_codec,
    bad_payload,   // does not decompress
    too_big,       // decompresses to more than allowed
    bad_record,    // a length or a varint points outside
};

// A sentence for the client and the log.
std::string_view text_of(BatchError error);

// What a broker wants to know about a batch before it appends it.
struct Info {
    std::size_t size{};   // bytes of the whole batch as sent
    std::int32_t count{};
    std::uint64_t payload_bytes{};   // keys and values, uncompressed: what limits charge for
    std::int64_t min_timestamp{};
    std::int64_t max_timestamp{};         // of the records, whatever the header says
    std::int32_t max_timestamp_delta{};   // offset delta of the first record that has it
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    Codec codec = Codec::none;
    bool transactional = false;
    bool has_null_key = false;
};

inline constexpr std::size_t default_payload_limit = wire_limits::unpacked_batch_bytes;

// Reads the next record. False: it is broken (lengths that point outside, bytes left over, a header without a key).
inline bool read_record(Cursor& in, std::int64_t base_timestamp, Record& record) {
    Cursor body{in.take(in.varint())};
    body.take(1);   // attributes: unused
    record.timestamp =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(base_timestamp) + static_cast<std::uint64_t>(body.varlong()));
    record.offset_delta = body.varint();
    record.key = body.nullable();
    record.value = body.nullable();
    record.header_count = body.varint();
    record.headers = {body.at, body.end};
    if (record.header_count < 0) return false;
    for (auto n = record.header_count; n > 0 && body.ok; --n) {
        if (!body.nullable()) body.fail();   // the key of a header is never null
        body.nullable();
    }
    return in.ok && body.ok && body.left() == 0;
}

// The bytes of the records: inside the batch, or decompressed into `scratch`.
std::expected<Bytes, BatchError> payload_of(Bytes batch, const BatchHeader& header, Blob& scratch,
                                            std::size_t limit = default_payload_limit);

// Calls `visit(const Record&)` for each record of a stored batch until it returns false. With LogAppendTime every
// record has the batch's time. Compaction may leave fewer records than offsets, so only the count is checked.
template <class Visit>
std::expected<void, BatchError> read(Bytes batch, Blob& scratch, Visit&& visit, std::size_t limit = default_payload_limit) {
    const auto header = parse_header(batch);
    if (!header || header->length < static_cast<std::int32_t>(header_bytes - before_length_ends) ||
        header->size() > static_cast<std::int64_t>(batch.size())) {
        return std::unexpected{BatchError::truncated};
    }
    if (header->magic != 2) return std::unexpected{BatchError::unknown_magic};
    if (header->count < 0) return std::unexpected{BatchError::bad_count};
    const auto payload = payload_of(batch.first(static_cast<std::size_t>(header->size())), *header, scratch, limit);
    if (!payload) return std::unexpected{payload.error()};
    Cursor in{*payload};
    for (std::int32_t i = 0; i < header->count; ++i) {
        Record record;
        if (!read_record(in, header->base_timestamp, record)) return std::unexpected{BatchError::bad_record};
        if (header->log_append_time()) record.timestamp = header->max_timestamp;
        if (!visit(static_cast<const Record&>(record))) return {};
    }
    if (in.left() != 0) return std::unexpected{BatchError::bad_count};
    return {};
}

// Everything Kafka's broker checks of a batch in a Produce request, in its order. `scratch` holds the decompressed
// records afterwards. The codec's fitness for the request's version (zstd from 7 on) is the caller's question.
std::expected<Info, BatchError> validate_produce(Bytes records, Blob& scratch, std::size_t limit = default_payload_limit);

}   // namespace sluice::batch
