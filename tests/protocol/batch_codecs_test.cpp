// The four compressions: there and back, limits, and hostile input.
#include <doctest/doctest.h>

#include <random>

#include "protocol/batch/builder.h"
#include "protocol/batch/reader.h"
#include "tests/protocol/vectors.h"

using namespace sluice::batch;

namespace {
constexpr Codec packed[]{Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

Blob noise(std::size_t size, unsigned seed) {
    std::mt19937 random{seed};
    Blob bytes(size);
    for (auto& b : bytes) b = static_cast<std::byte>(random());
    return bytes;
}
}   // namespace

TEST_CASE("what a codec packs it unpacks, whatever was in the buffer before") {
    Blob out(5000, std::byte{7});
    for (const auto codec : packed) {
        for (const std::size_t size : {0u, 1u, 100u, 70'000u, 300'000u}) {
            CAPTURE(static_cast<int>(codec));
            CAPTURE(size);
            for (const auto& in : {noise(size, 1), Blob(size, std::byte{'x'})}) {
                REQUIRE(decompress(codec, compress(codec, in), out, 300'000));
                CHECK(out == in);
            }
        }
    }
}

TEST_CASE("the limit is exact: that many bytes pass, one more does not") {
    Blob out;
    for (const auto codec : packed) {
        CAPTURE(static_cast<int>(codec));
        const auto in = compress(codec, Blob(10'000, std::byte{'x'}));
        CHECK(decompress(codec, in, out, 10'000));
        const auto over = decompress(codec, in, out, 9'999);
        REQUIRE(!over);
        CHECK(over.error() == CodecError::too_big);
    }
}

TEST_CASE("a bomb is stopped at the limit with no more memory than twice that") {
    const Blob zeros(64 << 20);
    for (const auto codec : packed) {
        CAPTURE(static_cast<int>(codec));
        const auto bomb = compress(codec, zeros);
        Blob out;
        const auto done = decompress(codec, bomb, out, 1 << 20);
        REQUIRE(!done);
        CHECK(done.error() == CodecError::too_big);
        CHECK(out.capacity() <= 2 << 20);
    }
    // Snappy states its length in front: 4 GiB promised in eleven bytes are refused before anything is allocated.
    const auto lie = sluice::test::from_hex("ffffffff0f000000000000");
    Blob out;
    const auto done = decompress(Codec::snappy, lie, out, std::size_t{8} << 30);
    REQUIRE(!done);
    CHECK(done.error() == CodecError::corrupt);
    CHECK(out.capacity() == 0);
}

TEST_CASE("a bomb inside a batch is refused, the batch's own records are what is counted") {
    const Blob zeros(8 << 20);
    for (const auto codec : packed) {
        CAPTURE(static_cast<int>(codec));
        const std::vector<Record> records{{.timestamp = 1, .key = std::nullopt, .value = Bytes{zeros}}};
        const auto batch = build(records, {.attributes = static_cast<std::int16_t>(codec)});
        Blob scratch;
        const auto small = validate_produce(batch, scratch, 1 << 20);
        REQUIRE(!small);
        CHECK(small.error() == BatchError::too_big);
        const auto enough = validate_produce(batch, scratch, 9 << 20);
        REQUIRE(enough);
        CHECK(enough->payload_bytes == 8 << 20);
    }
}

TEST_CASE("a cut or damaged stream is an error or other bytes, never a crash") {
    Blob text(3000);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::byte>(i % 61);
    std::mt19937 random{42};
    for (const auto codec : packed) {
        CAPTURE(static_cast<int>(codec));
        const auto whole = compress(codec, text);
        Blob out;
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            CHECK_FALSE(decompress(codec, Bytes{whole}.first(cut), out, 1 << 20));
        }
        for (int i = 0; i < 2000; ++i) {
            auto damaged = whole;
            damaged[random() % damaged.size()] = static_cast<std::byte>(random());
            if (decompress(codec, damaged, out, 1 << 20)) CHECK(out.size() <= 1 << 20);
        }
    }
}

TEST_CASE("snappy in xerial frames is read block by block") {
    auto frames = sluice::test::from_hex(
        "82534e4150505900"
        "00000001"
        "00000001");
    for (const std::string_view part : {"hello ", "world"}) {
        const auto block = compress(Codec::snappy, std::as_bytes(std::span{part}));
        std::byte length[4];
        store(length, static_cast<std::uint32_t>(block.size()));
        frames.insert(frames.end(), length, length + 4);
        frames.insert(frames.end(), block.begin(), block.end());
    }
    Blob out;
    REQUIRE(decompress(Codec::snappy, frames, out, 100));
    CHECK(std::string_view{reinterpret_cast<const char*>(out.data()), out.size()} == "hello world");
    CHECK_FALSE(decompress(Codec::snappy, frames, out, 10));
    CHECK_FALSE(decompress(Codec::snappy, Bytes{frames}.first(frames.size() - 1), out, 100));
}
