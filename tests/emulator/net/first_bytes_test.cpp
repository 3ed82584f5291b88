// How a connection begins is looked at once, whatever pieces its bytes come in, and nothing of it is lost.
#include "emulator/net/first_bytes.h"

#include "protocol/wire_limits.h"
#include "tests/support/peers.h"

using namespace sluice;
using namespace sluice::test;
using namespace std::string_view_literals;

namespace {

struct Looked {
    Peers p;
    Receiving receiving{p.clock, "a door", [](std::string_view) {}};
    Sender sender{receiving, [this] { p.peer->cancel(); }};
    std::shared_ptr<std::optional<Spoken>> spoken = p.begin(first_bytes(*p.peer, sender));
    std::string rest() {
        std::string all;
        for (auto more = p.next(); more != "nothing yet" && !more.empty(); more = p.next()) all += more;
        p.peer->cancel();
        p.turn();
        return all;
    }
};

}   // namespace

TEST_CASE("each protocol is told by its first bytes, at once or one by one, and who reads next gets all of them") {
    const std::pair<std::string_view, Spoken> all[] = {{"\0\0\0\x24\0\x12\0\x04\0\0\0\1\0\1a\0"sv, Spoken::kafka},
                                                       {"\x16\x03\x01\x02\0\1\0\1\xfc\3\3"sv, Spoken::tls},
                                                       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, Spoken::http2},
                                                       {"POST / HTTP/1.1\r\nHost: x\r\n\r\n"sv, Spoken::http1},
                                                       {"PRINT\r\n"sv, Spoken::unknown}};
    for (const auto& [text, spoken] : all) {
        CAPTURE(text);
        Looked whole, slow;
        whole.p.say(text);
        CHECK(*whole.spoken == spoken);
        CHECK(whole.rest() == text);
        std::size_t sent = 0;
        for (; !slow.spoken->has_value() && sent < text.size(); ++sent) slow.p.say(text.substr(sent, 1));
        CHECK(*slow.spoken == spoken);
        CHECK(slow.rest() == text.substr(0, sent));
    }
}

TEST_CASE("a connection that ends before it can be told speaks nothing that is known, and its bytes are still read") {
    Looked silent, begun;
    silent.p.client.close();
    silent.p.turn();
    CHECK(*silent.spoken == Spoken::unknown);
    begun.p.say("PO");
    CHECK_FALSE(begun.spoken->has_value());
    begun.p.client.close();
    begun.p.turn();
    CHECK(*begun.spoken == Spoken::unknown);
    CHECK(begun.rest() == "PO");
}

TEST_CASE("who begins and does not go on is given up while it is looked at, and who says nothing is not") {
    Looked begun, silent;
    begun.p.say("PRI");
    for (auto* one : {&begun, &silent}) {
        one->p.pass(wire_limits::patience);
        CHECK_FALSE(one->spoken->has_value());
        one->p.pass(wire_limits::patience);
    }
    CHECK(*begun.spoken == Spoken::unknown);
    CHECK(begun.sender.given_up());
    CHECK_FALSE(silent.spoken->has_value());
    silent.p.peer->close();
    silent.p.turn();
}
