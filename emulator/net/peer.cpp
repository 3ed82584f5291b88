#include "emulator/net/peer.h"

#include <algorithm>
#include <utility>

namespace sluice {

void drop_front(Peer::Pieces& pieces, std::size_t bytes) {
    while (!pieces.empty() && bytes >= pieces.front().size()) {
        bytes -= pieces.front().size();
        pieces = pieces.subspan(1);
    }
    if (bytes > 0) pieces.front() += bytes;
}

Task<bool> Peer::write(Pieces pieces, Idle& idle) {
    for (;;) {
        const auto taken = try_write(pieces, most_sent_at_once);
        if (!taken) co_return false;
        if (*taken > 0) idle.touch();
        drop_front(pieces, *taken);
        if (pieces.empty()) co_return true;
        auto more = room();
        if (!co_await std::move(more)) co_return false;
    }
}

Task<std::size_t> Peer::receive_again(std::span<std::byte> room) {
    const auto count = std::min(room.size(), returned_.size());
    std::copy_n(returned_.begin(), count, room.begin());
    returned_.erase(returned_.begin(), returned_.begin() + static_cast<std::ptrdiff_t>(count));
    if (over_ || !returned_.empty() || count == room.size()) co_return count;
    returned_ = {};
    co_return count + receive_now(room.subspan(count));
}

void Peer::say_gone() {
    if (!std::exchange(is_gone_, true)) gone.end();
}

void Peer::say_ended() {
    if (!std::exchange(has_ended_, true)) ended.end();
}

}   // namespace sluice
