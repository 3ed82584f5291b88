#include "emulator/net/first_bytes.h"

#include <array>

namespace sluice {

Task<Spoken> first_bytes(Peer& peer, Sender& sender) {
    std::array<std::byte, most_first_bytes> bytes;
    std::size_t here = 0;
    std::optional<Spoken> told;
    while (!told) {
        sender.lacks_rest(here);
        if (sender.given_up()) break;
        auto more = peer.read_some(std::span{bytes}.subspan(here));
        const auto count = co_await std::move(more);
        if (count == 0) break;
        sender.received(count);
        here += count;
        told = spoken({reinterpret_cast<const char*>(bytes.data()), here});
    }
    if (here > 0) peer.give_back(std::span{bytes}.first(here));
    co_return told.value_or(Spoken::unknown);
}

}   // namespace sluice
