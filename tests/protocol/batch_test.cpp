// Record batches against those the official Java codec wrote, sound and broken, and our own builder.
#include <doctest/doctest.h>

#include <numeric>

#include "protocol/batch/builder.h"
#include "protocol/batch/reader.h"
#include "tests/protocol/vectors.h"

using namespace sluice::batch;
using namespace sluice::test;
using nlohmann::json;

namespace {

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span{text.data(), text.size()}); }
json hex_or_null(const std::optional<Bytes>& field) { return field ? json(to_hex(*field)) : json(); }

json headers_of(const Record& record) {
    json list = json::array();
    each_header(record, [&](const RecordHeader& header) {
        const std::string key{reinterpret_cast<const char*>(header.key.data()), header.key.size()};
        list.push_back({{"key", key}, {"value", hex_or_null(header.value)}});
    });
    return list;
}

void check_header(const BatchHeader& h, const json& v) {
    static const std::vector<std::string> codecs{"none", "gzip", "snappy", "lz4", "zstd"};
    CHECK(h.size() == v["size"]);
    CHECK(h.magic == v["magic"]);
    CHECK(h.base_offset == v["base_offset"]);
    CHECK(h.last_offset() == v["last_offset"]);
    CHECK(codecs[static_cast<std::size_t>(h.codec_id())] == v["compression"]);
    CHECK((h.log_append_time() ? "LogAppendTime" : "CreateTime") == v["timestamp_type"]);
    CHECK(h.max_timestamp == v["max_timestamp"]);
    CHECK(h.base_timestamp == v["base_timestamp"]);
    CHECK(h.leader_epoch == v["leader_epoch"]);
    CHECK(h.crc == v["crc32c"]);
    CHECK(h.producer_id == v["producer_id"]);
    CHECK(h.producer_epoch == v["producer_epoch"]);
    CHECK(h.base_sequence == v["base_sequence"]);
    CHECK(h.transactional() == v["transactional"]);
    CHECK(h.control() == v["control"]);
    CHECK(h.count == v["count"]);
}

// Yields false for the legacy message sets, which are not batches.
bool check_batches(const json& v) {
    if (v["batches"][0]["magic"] != 2) return false;
    CAPTURE(v["name"].get<std::string>());
    const auto all = from_hex(v["hex"]);
    Bytes rest{all};
    for (const auto& b : v["batches"]) {
        const auto header = parse_header(rest);
        REQUIRE(header);
        check_header(*header, b);
        const auto batch = rest.first(static_cast<std::size_t>(header->size()));
        CHECK(checksum(batch) == header->crc);
        Blob scratch;
        std::size_t i = 0;
        std::vector<Record> records;
        const auto done = read(batch, scratch, [&](const Record& r) {
            const auto& expected = b["records"][i++];
            CHECK(header->base_offset + r.offset_delta == expected["offset"]);
            CHECK(r.timestamp == expected["timestamp"]);
            CHECK(hex_or_null(r.key) == expected["key"]);
            CHECK(hex_or_null(r.value) == expected["value"]);
            CHECK(headers_of(r) == expected["headers"]);
            records.push_back(r);
            return true;
        });
        REQUIRE(done);
        CHECK(i == b["records"].size());
        if (header->codec_id() == 0 && !records.empty() && !header->log_append_time()) {
            const auto again = build(records, {.base_offset = header->base_offset,
                                               .leader_epoch = header->leader_epoch,
                                               .attributes = header->attributes,
                                               .producer_id = header->producer_id,
                                               .producer_epoch = header->producer_epoch,
                                               .base_sequence = header->base_sequence,
                                               .max_timestamp = header->max_timestamp});
            CHECK(to_hex(again) == to_hex(batch));
        }
        rest = rest.subspan(batch.size());
    }
    CHECK(rest.empty());
    return true;
}

Blob vector_named(const std::string& name) {
    static const auto vectors = read_vectors("records.jsonl.gz");
    for (const auto& v : vectors) {
        if (v["name"] == name) return from_hex(v["hex"]);
    }
    FAIL("no vector " << name);
    return {};
}

BatchError fault(Bytes batch) {
    Blob scratch;
    const auto info = validate_produce(batch, scratch);
    REQUIRE(!info);
    return info.error();
}

// A batch of two records, "k1" -> "value one" and null -> "v2".
Blob small_batch(sluice::batch::Codec codec = sluice::batch::Codec::none) {
    const std::vector<Record> records{{.timestamp = 1000, .key = bytes_of("k1"), .value = bytes_of("value one")},
                                      {.timestamp = 900, .key = std::nullopt, .value = bytes_of("v2")}};
    return build(records, {.attributes = static_cast<std::int16_t>(codec)});
}

void sign(Blob& batch) { store(batch.data() + at::crc, checksum(batch)); }

}   // namespace

TEST_CASE("every batch of the Java codec is read field by field, and uncompressed ones are built again byte by byte") {
    int batches = 0, legacy = 0;
    for (const auto& v : read_vectors("records.jsonl.gz")) {
        if (!v["valid"]) continue;
        check_batches(v) ? ++batches : ++legacy;
    }
    CHECK(batches == 52);
    CHECK(legacy == 8);
}

TEST_CASE("a batch is refused for what is wrong with it") {
    CHECK(fault({}) == BatchError::empty);
    CHECK(fault(vector_named("bad-crc")) == BatchError::bad_crc);
    CHECK(fault(vector_named("bad-magic")) == BatchError::unknown_magic);
    CHECK(fault(vector_named("v0-none")) == BatchError::old_magic);
    CHECK(fault(vector_named("v1-gzip")) == BatchError::old_magic);
    CHECK(fault(vector_named("bad-truncated")) == BatchError::truncated);
    CHECK(fault(vector_named("bad-last-offset-delta")) == BatchError::bad_last_offset_delta);
    CHECK(fault(vector_named("bad-codec")) == BatchError::unknown_codec);
    CHECK(fault(vector_named("bad-control-from-client")) == BatchError::control_batch);
    CHECK(fault(vector_named("two-batches")) == BatchError::several_batches);
    CHECK(fault(vector_named("v2-none-offset")) == BatchError::base_offset_not_zero);
    CHECK(fault(vector_named("v2-empty-after-compaction")) == BatchError::base_offset_not_zero);
    const auto count = fault(vector_named("bad-count"));   // says 99 with a lastOffsetDelta of 6
    CHECK(count == BatchError::bad_last_offset_delta);

    auto batch = small_batch();
    store(batch.data() + at::count, std::int32_t{3});
    store(batch.data() + at::last_offset_delta, std::int32_t{2});
    sign(batch);
    CHECK(fault(batch) == BatchError::bad_count);
    store(batch.data() + at::count, std::int32_t{1});
    store(batch.data() + at::last_offset_delta, std::int32_t{0});
    sign(batch);
    CHECK(fault(batch) == BatchError::bad_count);
    store(batch.data() + at::count, std::int32_t{0});
    sign(batch);
    CHECK(fault(batch) == BatchError::bad_count);

    batch = small_batch();
    store(batch.data() + at::producer_id, std::int64_t{7});
    sign(batch);
    CHECK(fault(batch) == BatchError::no_sequence);
}

TEST_CASE("every beginning of a batch is refused, and so is one whose lengths point outside") {
    const auto batch = small_batch();
    for (std::size_t cut = 1; cut < batch.size(); ++cut) {
        const Blob prefix(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(cut));
        CHECK(fault(prefix) == BatchError::truncated);
    }
    // Any single byte of the records changed, with a right checksum: an error or a sound batch, never a crash.
    int refused = 0;
    for (std::size_t i = header_bytes; i < batch.size(); ++i) {
        for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
            auto changed = batch;
            changed[i] = static_cast<std::byte>(value);
            sign(changed);
            Blob scratch;
            refused += !validate_produce(changed, scratch);
        }
    }
    CHECK(refused > 20);
}

TEST_CASE("a sound batch is summed up: records, bytes of keys and values, and the largest time of its records") {
    using Compression = sluice::batch::Codec;
    for (const auto codec : {Compression::none, Compression::gzip, Compression::snappy, Compression::lz4, Compression::zstd}) {
        CAPTURE(static_cast<int>(codec));
        auto batch = small_batch(codec);
        store(batch.data() + at::max_timestamp, std::int64_t{5});   // a wrong one is accepted, and not believed
        sign(batch);
        Blob scratch;
        const auto info = validate_produce(batch, scratch);
        REQUIRE(info);
        CHECK(info->count == 2);
        CHECK(info->payload_bytes == 13);
        CHECK(info->max_timestamp == 1000);
        CHECK(info->max_timestamp_delta == 0);
        CHECK(info->min_timestamp == 900);
        CHECK(info->has_null_key);
        CHECK(info->codec == codec);
        CHECK(info->producer_id == -1);
        CHECK(info->size == batch.size());
    }
    Blob scratch;
    const auto info = validate_produce(vector_named("v2-none-idempotent"), scratch);
    REQUIRE(info);
    CHECK(info->producer_id == 4000000000);
    CHECK(info->producer_epoch == 3);
    CHECK(info->base_sequence == 17);
    CHECK(info->count == 7);
}

TEST_CASE("base offset and leader epoch change without a new checksum, the append time with one") {
    auto batch = small_batch();
    set_base_offset(batch, 5'000'000'000);
    set_leader_epoch(batch, 9);
    CHECK(checksum(batch) == parse_header(batch)->crc);
    stamp_append_time(batch, 77777);
    CHECK(checksum(batch) == parse_header(batch)->crc);
    Blob scratch;
    std::vector<std::int64_t> times;
    REQUIRE(read(batch, scratch, [&](const Record& r) {
        times.push_back(r.timestamp);
        return true;
    }));
    CHECK(times == std::vector<std::int64_t>{77777, 77777});
}

TEST_CASE("varints and checksums are Kafka's") {
    const auto misc = read_document("misc.json");
    for (const auto& kind : {"varint", "varlong"}) {
        for (const auto& v : misc[kind]) {
            const std::int64_t value = v["value"];
            std::byte buffer[10];
            const auto size = static_cast<std::size_t>(put_varint(buffer, value) - buffer);
            CHECK(to_hex({buffer, size}) == v["zigzag"]);
            CHECK(varint_size(value) == size);
            Cursor in{{buffer, size}};
            CHECK(in.varlong() == value);
            CHECK(in.ok);
            Cursor cut{{buffer, size - 1}};
            cut.varlong();
            CHECK(!cut.ok);
        }
    }
    for (const auto& v : misc["crc32c"]) CHECK(crc32c(bytes_of(v["text"].get<std::string>())) == v["crc"]);
    CHECK(misc["crc32c"].size() == 4);
}
