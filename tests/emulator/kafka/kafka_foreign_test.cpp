// Clients that speak another protocol to the Kafka door: the log says once what to set.
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;
using namespace std::string_view_literals;

namespace {

Blob bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

}   // namespace

TEST_CASE("who speaks TLS or HTTP to the Kafka door is closed and named once in the log, with what to set") {
    Server server;
    std::vector<std::string> notes;
    server.engine->events().on_note = [&](std::string_view line) { notes.emplace_back(line); };
    for (int i = 0; i < 3; ++i) {
        for (const auto first : {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"sv,
                                 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, "\x7f\xff\xff\xff"sv}) {
            Client client(server);
            client.write(bytes_of(first));
            server.turn();
            CHECK(client.closed());
        }
    }
    REQUIRE(notes.size() == 2);
    CHECK(notes[0].contains("TLS"));
    CHECK(notes[0].contains("security.protocol to PLAINTEXT"));
    CHECK(notes[1].contains("HTTP"));
    CHECK(notes[1].contains("the address of --kinesis"));
}
