// A client of the Kinesis door that speaks HTTP/2 over a socket, request by request.
#pragma once

#include "tests/support/http2_client.h"
#include "tests/support/kinesis_server.h"

namespace sluice::test {

struct Speaker {
    static constexpr std::uint32_t large_window = 16 << 20;
    explicit Speaker(KinesisServer& server, std::uint32_t window = large_window) : wire(server), client(window) { talk(); }
    Speaker(asio::io_context& io, const Endpoint& at) : wire(io, at), client(large_window) { talk(); }
    void talk() {
        for (int quiet = 0; quiet < 3 && !wire.closed;) {
            const auto said = client.bytes();
            if (!said.empty()) wire.write(said);
            const auto heard = wire.read();
            quiet = said.empty() && heard.empty() ? quiet + 1 : 0;
            if (!heard.empty()) CHECK(client.hear(heard));
        }
    }
    Http2Client::Answer ask(std::string_view method, const std::string& path, const Http2Client::Headers& headers = {},
                            std::string body = {}) {
        const auto id = client.ask(method, path, headers, std::move(body));
        talk();
        return client.answers[id];
    }
    HttpClient wire;
    Http2Client client;
};

}   // namespace sluice::test
