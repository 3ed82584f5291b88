// What another protocol's first bytes are taken for, as its clients send them.
#include "protocol/spoken.h"

#include <doctest/doctest.h>

using namespace sluice;
using namespace std::string_view_literals;

TEST_CASE("the first bytes of TLS, HTTP/2, HTTP/1.1 and Kafka are known, and nothing else is") {
    CHECK(spoken("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv) == Spoken::tls);
    CHECK(spoken("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == Spoken::http2);
    CHECK(spoken("GET / HTTP/1.1\r\n") == Spoken::http1);
    CHECK(spoken("POST / HTTP/1.1\r\n") == Spoken::http1);
    CHECK(spoken("\0\0\0\x24\0\x12\0\x04"sv) == Spoken::kafka);
    for (const auto other : {"GETS"sv, "\x15\x03\x01"sv, "\x16\x04"sv, "hello"sv, "\x7f\xff\xff\xff"sv, "PRI * HTTP/1.1"sv})
        CHECK(spoken(other) == Spoken::unknown);
}

TEST_CASE("bytes that may still become a known protocol's are waited for, and as few as tell are enough") {
    for (const auto begun : {""sv, "\x16"sv, "P"sv, "PR"sv, "PRI * HTTP/"sv, "GET"sv, "OPTIONS"sv})
        CHECK(spoken(begun) == std::nullopt);
    CHECK(spoken("PO") == std::nullopt);
    CHECK(spoken("PX") == Spoken::unknown);
    CHECK(spoken("\0"sv) == Spoken::kafka);
    CHECK(spoken("\x16\x03"sv) == Spoken::tls);
    CHECK(spoken("PRI * HTTP/2") == Spoken::http2);
    CHECK("PRI * HTTP/2"sv.size() == most_first_bytes);
}
