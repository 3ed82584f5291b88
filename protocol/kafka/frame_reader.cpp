#include "protocol/kafka/frame_reader.h"

#include <algorithm>
#include <cstring>

#include "protocol/wire_limits.h"

namespace sluice::kafka {

// What is left of the block, or a new block that takes the unfinished frame along.
std::span<std::byte> FrameReader::room() {
    if (block_ && from_ == filled_ && block_.use_count() == 1) from_ = filled_ = 0;
    const auto have = unfinished();
    const auto need = 4 + (have >= 4 ? static_cast<std::size_t>(stated()) : 0);   // received() has checked it
    const auto useful = std::min<std::size_t>(need - std::min(need, have), 2048);
    if (!block_ || block_bytes_ - from_ < need || filled_ >= block_bytes_ || block_bytes_ - filled_ < useful) {
        // A stated length is believed up to 1 MiB; beyond that memory follows the bytes that really came.
        constexpr auto believed = wire_limits::believed_frame_bytes;
        const auto size = std::max(next_block_bytes_, need <= believed ? need : std::min(need, std::max(2 * have, believed)));
        auto block = std::make_shared_for_overwrite<std::byte[]>(size);
        if (have > 0) std::memcpy(block.get(), block_.get() + from_, have);
        block_ = std::move(block);
        block_bytes_ = size;
        from_ = 0;
        filled_ = have;
    }
    return {block_.get() + filled_, block_bytes_ - filled_};
}

}   // namespace sluice::kafka
