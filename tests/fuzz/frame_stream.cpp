// The bytes of a connection, in pieces whose length the first byte says. What must hold: whatever the pieces, the frames that
// come out are those of the whole; nothing comes out behind a size that no request can have; there is always room for more.
#include "protocol/kafka/frame_reader.h"

#include <algorithm>
#include <optional>

#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

constexpr std::size_t most_bytes = 8192;

// What is framed at `from`: nothing when it is not whole; an empty frame when its size is none.
std::optional<Bytes> framed(Bytes bytes) {
    if (bytes.size() < 4) return std::nullopt;
    const auto size = kafka::Reader{bytes.first(4)}.integer<std::int32_t>();
    if (size <= 0 || static_cast<std::size_t>(size) > most_bytes) return Bytes{};
    const auto length = static_cast<std::size_t>(size);
    if (bytes.size() - 4 < length) return std::nullopt;
    return bytes.subspan(4, length);
}

}   // namespace

void frame_stream(Bytes input) {
    if (input.empty()) return;
    const auto step = static_cast<std::size_t>(std::to_integer<int>(input[0])) * 7 + 1;
    input = input.subspan(1);
    kafka::FrameReader reader{most_bytes};
    std::vector<kafka::FrameReader::Frame> frames;   // all are kept, so no block may be written to again
    auto left = input;
    bool good = true;
    while (good && !left.empty()) {
        const auto room = reader.room();
        must(!room.empty(), "there is room for more");
        const auto count = std::min({step, room.size(), left.size()});
        std::memcpy(room.data(), left.data(), count);
        left = left.subspan(count);
        good = reader.received(count, [&](kafka::FrameReader::Frame frame) { frames.push_back(std::move(frame)); });
    }
    for (const auto& frame : frames) {
        const auto expected = framed(input);
        must(expected && std::ranges::equal(*expected, frame.bytes), "a frame is what was sent");
        input = input.subspan(4 + expected->size());
    }
    const auto next = framed(input);
    must(good ? !next : next && next->empty(), "reading ends where a size is none, and only there");
    must(!good || reader.unfinished() == input.size(), "what is not whole is counted");
}

}   // namespace sluice::fuzz
