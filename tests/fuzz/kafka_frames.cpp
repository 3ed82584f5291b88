// A frame as it comes off a socket, without its size. What must hold for every request of every version, and for what group
// members tell each other: a message that decodes is written in a canonical form that is no longer, but for text that is
// repaired, that decodes to the same message with nothing left over, and that is written the same again; and the lists stay
// within the arena's limit.
#include "protocol/kafka/all_messages.h"
#include "protocol/kafka/frame.h"
#include "protocol/kafka/print.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

using namespace kafka;

constexpr std::size_t arena_bytes = 1 << 20;

template <class T>
void round_trip(Bytes body, int version) {
    Arena arena{arena_bytes};
    T message{};
    Bytes rest;
    const bool good = decode(body, version, arena, message, &rest);
    must(arena.used() <= arena_bytes, "lists stay within the arena");
    if (!good) return;
    const auto canonical = encode(message, version);
    // Each byte that is no UTF-8 became U+FFFD, which has three.
    must(canonical.size() <= 3 * (body.size() - rest.size()),
         "the canonical form is never longer than what was sent and repaired");
    Arena again{arena_bytes};
    T same{};
    must(decode(canonical, version, again, same, &rest) && rest.empty(), "what was written is read to its end");
    must(encode(same, version) == canonical, "the canonical form is written the same again");
    must(print(message, version) == print(same, version), "the message read back is the same");
}

template <class Request, class Answer, class... Rest>
void by_key(Messages<Request, Answer, Rest...>, RequestHeader& header) {
    if (header.api_key == Request::api.key) {
        if (!Request::api.knows(header.api_version)) return;
        if (Request::api.flexible(header.api_version) && !skip_header_tags(header)) return;
        round_trip<Request>(header.body, header.api_version);
    } else if constexpr (sizeof...(Rest) > 0) {
        by_key(Messages<Rest...>{}, header);
    }
}

}   // namespace

void kafka_frames(Bytes input) {
    const Exact frame{input};
    auto header = read_header(frame.bytes());
    if (!header) return;
    if (header->api_key == -1)
        round_trip<ConsumerProtocolSubscription>(header->body, header->api_version & 3);
    else if (header->api_key == -2)
        round_trip<ConsumerProtocolAssignment>(header->body, header->api_version & 3);
    else
        by_key(AllMessages{}, *header);
}

}   // namespace sluice::fuzz
