// What another protocol's first bytes are taken for, as its clients send them.
#include "protocol/foreign.h"

#include <doctest/doctest.h>

using namespace sluice;
using namespace std::string_view_literals;

TEST_CASE("the first bytes of TLS, HTTP/2, HTTP/1.1 and Kafka are known, and nothing else is") {
    CHECK(spoken("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv) == Foreign::tls);
    CHECK(spoken("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == Foreign::http2);
    CHECK(spoken("GET / HTTP/1.1\r\n") == Foreign::http1);
    CHECK(spoken("POST / HTTP/1.1\r\n") == Foreign::http1);
    CHECK(spoken("\0\0\0\x24\0\x12\0\x04"sv) == Foreign::kafka);
    for (const auto other : {""sv, "\x16"sv, "GETS"sv, "\x15\x03\x01"sv, "hello"sv}) CHECK(spoken(other) == Foreign::none);
}
