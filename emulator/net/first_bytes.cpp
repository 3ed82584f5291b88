#include "emulator/net/first_bytes.h"

#include <array>

namespace sluice {

Task<Spoken> first_bytes(Peer& peer, Sender& sender) {
    std::array<std::byte, most_first_bytes> bytes;
    std::size_t here = 0;
    std::optional<Spoken> told;
    bool over = false;
    while (!told && !over) {
        sender.lacks_rest(here);
        if (sender.given_up()) break;
        auto more = peer.read_some(std::span{bytes}.subspan(here));
        const auto count = co_await std::move(more);
        sender.received(count);
        over = count == 0;
        here += count;
        told = spoken({reinterpret_cast<const char*>(bytes.data()), here});
    }
    peer.give_back(std::span{bytes}.first(here), over);
    co_return told.value_or(Spoken::unknown);
}

}   // namespace sluice
