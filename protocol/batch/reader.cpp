// The checks a batch passes before it is appended. See reader.h; the order is that of Kafka 4.4.
#include "protocol/batch/reader.h"

#include <algorithm>

namespace sluice::batch {
namespace {

using Fault = std::unexpected<BatchError>;

std::optional<BatchError> fault_of(Bytes records, const BatchHeader& header) {
    if (header.magic < 2) return BatchError::old_magic;
    if (header.magic > 2) return BatchError::unknown_magic;
    if (records.size() < header_bytes) return BatchError::truncated;
    if (header.length < static_cast<std::int32_t>(header_bytes - before_length_ends)) return BatchError::truncated;
    if (header.size() > static_cast<std::int64_t>(records.size())) return BatchError::truncated;
    if (header.size() < static_cast<std::int64_t>(records.size())) return BatchError::several_batches;
    if (header.base_offset != 0) return BatchError::base_offset_not_zero;
    if (checksum(records) != header.crc) return BatchError::bad_crc;
    if (header.control()) return BatchError::control_batch;
    if (header.producer_id >= 0 && header.base_sequence < 0) return BatchError::no_sequence;
    if (header.count <= 0) return BatchError::bad_count;
    if (header.last_offset_delta != header.count - 1) return BatchError::bad_last_offset_delta;
    return std::nullopt;
}

}   // namespace

std::expected<Bytes, BatchError> payload_of(Bytes batch, const BatchHeader& header, Blob& scratch, std::size_t limit) {
    const auto raw = batch.subspan(header_bytes);
    if (header.codec_id() == 0 || header.count == 0) return raw;
    if (header.codec_id() == static_cast<int>(Codec::zstd) && raw.empty()) return raw;   // no frame, no records: as in Kafka
    if (auto done = decompress(header.codec(), raw, scratch, limit); !done) {
        switch (done.error()) {
            case CodecError::unknown_codec:
                return Fault{BatchError::unknown_codec};
            case CodecError::too_big:
                return Fault{BatchError::too_big};
            case CodecError::corrupt:
                return Fault{BatchError::bad_payload};
        }
    }
    return Bytes{scratch};
}

std::expected<Info, BatchError> validate_produce(Bytes records, Blob& scratch, std::size_t limit) {
    if (records.empty()) return Fault{BatchError::empty};
    if (records.size() <= at::magic) return Fault{BatchError::truncated};
    auto header = parse_header(records);
    if (!header) {   // too short for a header, but an old message tells its magic
        header.emplace();
        header->magic = load<std::int8_t>(records.data() + at::magic);
    }
    if (const auto fault = fault_of(records, *header)) return Fault{*fault};
    const auto payload = payload_of(records, *header, scratch, limit);
    if (!payload) return Fault{payload.error()};

    Info info{.size = records.size(),
              .count = header->count,
              .min_timestamp = std::numeric_limits<std::int64_t>::max(),
              .max_timestamp = std::numeric_limits<std::int64_t>::min(),
              .producer_id = header->producer_id,
              .producer_epoch = header->producer_epoch,
              .base_sequence = header->base_sequence,
              .codec = header->codec(),
              .transactional = header->transactional()};
    Cursor in{*payload};
    Record record;
    for (std::int32_t i = 0; i < header->count; ++i) {
        if (in.left() == 0) return Fault{BatchError::bad_count};
        if (!read_record(in, header->base_timestamp, record)) return Fault{BatchError::bad_record};
        if (record.offset_delta != i) return Fault{BatchError::bad_offset_delta};
        if (record.key)
            info.payload_bytes += record.key->size();
        else
            info.has_null_key = true;
        if (record.value) info.payload_bytes += record.value->size();
        info.min_timestamp = std::min(info.min_timestamp, record.timestamp);
        if (record.timestamp > info.max_timestamp || i == 0) {
            info.max_timestamp = record.timestamp;
            info.max_timestamp_delta = i;
        }
    }
    if (in.left() != 0) return Fault{BatchError::bad_count};
    return info;
}

std::string_view text_of(BatchError error) {
    switch (error) {
        case BatchError::empty:
            return "There are no records to append.";
        case BatchError::truncated:
            return "The record batch ends before its stated length.";
        case BatchError::several_batches:
            return "A partition of a Produce request takes exactly one record batch.";
        case BatchError::old_magic:
            return "Only record batches with magic 2 can be appended.";
        case BatchError::unknown_magic:
            return "The record batch has a magic that is not known.";
        case BatchError::bad_crc:
            return "The record batch does not match its checksum.";
        case BatchError::base_offset_not_zero:
            return "The base offset of a batch to append is 0.";
        case BatchError::control_batch:
            return "Clients cannot write control records.";
        case BatchError::bad_count:
            return "The batch does not hold as many records as it says.";
        case BatchError::bad_last_offset_delta:
            return "The last offset delta is not the record count less one.";
        case BatchError::bad_offset_delta:
            return "The records of the batch are not numbered in order.";
        case BatchError::no_sequence:
            return "A batch with a producer id needs a sequence.";
        case BatchError::unknown_codec:
            return "The compression of the batch is not known.";
        case BatchError::bad_payload:
            return "The records of the batch do not decompress.";
        case BatchError::too_big:
            return "The records of the batch decompress to more than is allowed.";
        case BatchError::bad_record:
            return "A record of the batch is malformed.";
    }
    return "";
}

}   // namespace sluice::batch
