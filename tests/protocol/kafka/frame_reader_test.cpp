// Frames come out whole and in order however the bytes arrive, and memory follows what really came.
#include "protocol/kafka/frame_reader.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::kafka;

namespace {

Blob framed(std::initializer_list<std::string_view> texts) {
    Blob all;
    for (const auto text : texts) {
        Blob head(4);
        Fill{head.data()}.integer(static_cast<std::int32_t>(text.size()));
        all.insert(all.end(), head.begin(), head.end());
        const auto bytes = as_bytes(text);
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

// Feeds at most `step` bytes at a time; false when the reader refused.
bool feed(FrameReader& reader, Bytes bytes, std::size_t step, std::vector<FrameReader::Frame>& out) {
    while (!bytes.empty()) {
        const auto room = reader.room();
        REQUIRE_FALSE(room.empty());
        const auto count = std::min({step, room.size(), bytes.size()});
        std::memcpy(room.data(), bytes.data(), count);
        bytes = bytes.subspan(count);
        if (!reader.received(count, [&](FrameReader::Frame frame) { out.push_back(std::move(frame)); })) return false;
    }
    return true;
}

std::vector<std::string> texts(const std::vector<FrameReader::Frame>& frames) {
    std::vector<std::string> all;
    for (const auto& frame : frames) all.emplace_back(as_text(frame.bytes));
    return all;
}

}   // namespace

TEST_CASE("frames come out whole and in order, whatever pieces their bytes come in") {
    const std::string large(40'000, 'x');
    const auto bytes = framed({"a", "bcd", large, "e"});
    for (const std::size_t step : {1, 2, 3, 5, 1000, 16'384, 100'000}) {
        FrameReader reader{1 << 20};
        std::vector<FrameReader::Frame> frames;   // kept: a frame's bytes stay while its owner does
        REQUIRE(feed(reader, bytes, step, frames));
        CHECK(texts(frames) == std::vector<std::string>{"a", "bcd", large, "e"});
        CHECK(reader.unfinished() == 0);
    }
}

TEST_CASE("a size of zero, below zero or above the limit ends the reading, and what came before it is out") {
    for (const std::int32_t size : {0, -1, 101}) {
        auto bytes = framed({"good"});
        Blob head(4);
        Fill{head.data()}.integer(size);
        bytes.insert(bytes.end(), head.begin(), head.end());
        FrameReader reader{100};
        std::vector<FrameReader::Frame> frames;
        CHECK_FALSE(feed(reader, bytes, 3, frames));
        CHECK(texts(frames) == std::vector<std::string>{"good"});
    }
    FrameReader reader{100};
    std::vector<FrameReader::Frame> frames;
    CHECK(feed(reader, framed({std::string(100, 'y')}), 64, frames));
}

TEST_CASE("a block is used again when its frames are gone, and not before") {
    FrameReader reader{1 << 20};
    std::vector<FrameReader::Frame> frames;
    REQUIRE(feed(reader, framed({"one"}), 100, frames));
    const auto* first = frames[0].bytes.data();
    REQUIRE(feed(reader, framed({"two"}), 100, frames));
    CHECK(frames[1].bytes.data() != first);
    CHECK(texts(frames) == std::vector<std::string>{"one", "two"});
    frames.clear();
    REQUIRE(feed(reader, framed({"three"}), 100, frames));
    CHECK(frames[0].bytes.data() == first);
}

TEST_CASE("a size that is only announced takes no more than 1 MiB") {
    FrameReader reader{100 << 20};
    Blob head(4);
    Fill{head.data()}.integer(std::int32_t{90 << 20});
    std::vector<FrameReader::Frame> frames;
    REQUIRE(feed(reader, head, 4, frames));
    CHECK(reader.room().size() <= 1 << 20);
    CHECK(reader.unfinished() == 4);
}
