// A record batch as a client sends it. What must hold: a batch that a broker would take reads to as many records as it says,
// within the limit on what it unpacks to; written anew from its records it is taken again, and compressed by any codec it is
// the same batch. The checksum is put right first, or no input would ever get past it.
#include <algorithm>
#include <utility>

#include "protocol/batch/builder.h"
#include "protocol/batch/reader.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

using namespace batch;

constexpr std::size_t payload_limit = 1 << 20;

struct Seen {
    std::vector<Record> records;
    std::uint64_t payload_bytes = 0;
};

// Checks a batch both ways a broker looks at it. Views in `seen` point into `bytes` and `scratch`.
std::expected<Info, BatchError> look(Bytes bytes, Blob& scratch, Seen& seen) {
    auto info = validate_produce(bytes, scratch, payload_limit);
    must(scratch.size() <= payload_limit + !info, "no batch unpacks to more than the limit");   // the byte beyond tells too much
    const auto walked = read(
        bytes, scratch,
        [&](const Record& record) {
            seen.records.push_back(record);
            if (record.key) seen.payload_bytes += record.key->size();
            if (record.value) seen.payload_bytes += record.value->size();
            each_header(record, [](const RecordHeader&) {});
            return true;
        },
        payload_limit);
    must(scratch.size() <= payload_limit + !walked, "no stored batch unpacks to more than the limit");
    if (!info) return info;
    must(walked.has_value(), "a batch that was taken can be read");
    must(std::cmp_equal(seen.records.size(), info->count), "a batch holds as many records as it says");
    must(seen.payload_bytes == info->payload_bytes, "what limits charge for is keys and values");
    return info;
}

bool same(const std::optional<Bytes>& a, const std::optional<Bytes>& b) {
    return a.has_value() == b.has_value() && (!a || std::ranges::equal(*a, *b));
}

void write_anew(const Seen& seen, const Info& info) {
    const auto bytes = build(seen.records);
    must(bytes.size() == built_size(seen.records), "a batch is as long as was measured");
    Blob scratch;
    Seen again;
    const auto taken = look(bytes, scratch, again);
    must(taken && taken->count == info.count && taken->payload_bytes == info.payload_bytes, "a batch written anew is taken");
    for (std::size_t i = 0; i < seen.records.size(); ++i) {
        const auto &one = seen.records[i], &other = again.records[i];
        must(one.timestamp == other.timestamp && same(one.key, other.key) && same(one.value, other.value) &&
                 one.header_count == other.header_count && std::ranges::equal(one.headers, other.headers),
             "a record written anew is the same");
    }
}

void put_right(Blob& bytes) {
    store(bytes.data() + at::length, static_cast<std::int32_t>(bytes.size() - before_length_ends));
    store(bytes.data() + at::crc, checksum(bytes));
}

// The same batch with its records packed by that codec.
Blob packed(Bytes plain, Codec codec) {
    Blob whole(plain.begin(), plain.begin() + header_bytes);
    const auto attributes = load<std::int16_t>(whole.data() + at::attributes);
    store(whole.data() + at::attributes,
          static_cast<std::int16_t>((attributes & ~attribute::codec_mask) | static_cast<std::int16_t>(codec)));
    const auto payload = plain.subspan(header_bytes);
    const auto body = codec == Codec::none ? Blob(payload.begin(), payload.end()) : compress(codec, payload);
    whole.insert(whole.end(), body.begin(), body.end());
    put_right(whole);
    return whole;
}

}   // namespace

void batches(Bytes input) {
    {
        const Exact raw{input};
        Blob scratch;
        Seen seen;
        (void)look(raw.bytes(), scratch, seen);
    }
    if (input.size() < header_bytes) return;
    Blob right(input.begin(), input.end());
    right[at::magic] = std::byte{2};
    store(right.data() + at::base_offset, std::int64_t{0});
    put_right(right);
    {
        const Exact exact{right};
        Blob scratch;
        Seen seen;
        const auto info = look(exact.bytes(), scratch, seen);
        if (info) {
            write_anew(seen, *info);
            Blob stamped = right;
            stamp_append_time(stamped, 1'700'000'000'000);
            Blob other;
            Seen later;
            must(look(stamped, other, later).has_value(), "a stamped batch is still taken");
            for (const auto& record : later.records)
                must(record.timestamp == 1'700'000'000'000, "a stamp is every record's time");
        }
    }
    std::optional<Info> plain;
    for (const auto codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        const Exact exact{packed(right, codec)};
        Blob scratch;
        Seen seen;
        const auto info = look(exact.bytes(), scratch, seen);
        if (codec == Codec::none) {
            if (!info) return;
            plain = *info;
        }
        must(info && info->count == plain->count && info->payload_bytes == plain->payload_bytes &&
                 info->min_timestamp == plain->min_timestamp && info->max_timestamp == plain->max_timestamp &&
                 info->max_timestamp_delta == plain->max_timestamp_delta,
             "a batch is the same by every codec");
    }
}

}   // namespace sluice::fuzz
