// Bytes in, whole frames out. It owns the memory that bytes are received into: a frame is a view of a block and keeps it alive,
// and a block whose frames are gone is used again. No sockets, so that tests and a fuzzer can feed it byte by byte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "protocol/kafka/wire.h"

namespace sluice::kafka {

class FrameReader {
  public:
    struct Frame {
        std::shared_ptr<std::byte[]> owner;
        Bytes bytes;   // without the size
    };

    // A longer frame is none.
    explicit FrameReader(std::size_t most_bytes) : most_bytes_(most_bytes) {}

    // Where the next bytes go, at least one. What lies there before is nothing.
    std::span<std::byte> room();
    // So many bytes came there; `each(Frame)` gets every frame that is whole now. False: a size that no request can have. Then
    // nothing more comes out.
    template <class Each>
    bool received(std::size_t count, Each&& each) {
        if (count == block_bytes_ - filled_) next_block_bytes_ = std::min<std::size_t>(2 * next_block_bytes_, most_block_bytes);
        filled_ += count;
        while (filled_ - from_ >= 4) {
            const auto size = stated();
            if (size <= 0 || static_cast<std::size_t>(size) > most_bytes_) return false;
            const auto bytes = static_cast<std::size_t>(size);
            if (filled_ - from_ - 4 < bytes) break;
            each(Frame{block_, {block_.get() + from_ + 4, bytes}});
            from_ += 4 + bytes;
        }
        return true;
    }
    // What came of the frame that is not whole; after a refused size what came from there on.
    Bytes begun() const { return {block_.get() + from_, filled_ - from_}; }
    std::size_t unfinished() const { return filled_ - from_; }   // bytes of a frame that is not whole, its size included

  private:
    static constexpr std::size_t most_block_bytes = 256 * 1024;
    std::int32_t stated() const { return Reader{{block_.get() + from_, 4}}.integer<std::int32_t>(); }

    std::size_t most_bytes_;
    std::shared_ptr<std::byte[]> block_;
    std::size_t block_bytes_ = 0, from_ = 0, filled_ = 0, next_block_bytes_ = 16 * 1024;
};

}   // namespace sluice::kafka
