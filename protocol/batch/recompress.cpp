// Unpacks, packs, and writes the three fields of the header that change. See recompress.h.
#include "protocol/batch/recompress.h"

#include "protocol/batch/reader.h"

namespace sluice::batch {

Blob recompress(Bytes batch, Codec codec, std::optional<int> level, Blob& scratch) {
    const auto header = *parse_header(batch);
    const auto records = *payload_of(batch, header, scratch);
    const auto packed = codec == Codec::none ? Blob{} : compress(codec, records, level);
    const auto payload = codec == Codec::none ? records : Bytes{packed};
    Blob made;
    made.reserve(header_bytes + payload.size());
    made.assign(batch.begin(), batch.begin() + header_bytes);
    made.insert(made.end(), payload.begin(), payload.end());
    const auto attributes = static_cast<std::int16_t>((header.attributes & ~attribute::codec_mask) | static_cast<int>(codec));
    store(made.data() + at::attributes, attributes);
    store(made.data() + at::length, static_cast<std::int32_t>(made.size() - before_length_ends));
    store(made.data() + at::crc, checksum(made));
    return made;
}

}   // namespace sluice::batch
