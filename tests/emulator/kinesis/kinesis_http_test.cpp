// What the Kinesis door does as an HTTP server, in bytes.
#include "protocol/wire_limits.h"
#include "tests/support/kinesis_server.h"

using namespace sluice;
using namespace sluice::test;

namespace {

std::string request(std::string_view method, std::string_view path) {
    return std::string{method} + " " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

kinesis::DoorOptions with_side() {
    return {.side = [](kinesis::SideRequest asked) -> Task<kinesis::SideAnswer> {
        co_return kinesis::SideAnswer{.status = asked.path == "/health" ? 200u : 404u, .body = "{\"ready\":true}"};
    }};
}

}   // namespace

TEST_CASE("HEAD is answered with the head of what the same request by GET is told, and no body, at every path") {
    KinesisServer server{with_side()};
    HttpClient client{server};
    for (const auto* path : {"/health", "/metrics", "/_sluice/v1/Health", "/", "/nothing"}) {
        CAPTURE(path);
        client.write(request("HEAD", path));
        const auto head = client.read();
        CHECK(head.starts_with("HTTP/1.1 "));
        CHECK(head.ends_with("\r\n\r\n"));
        CHECK(head.find("\r\n\r\n") == head.size() - 4);
        CHECK(head.contains("Content-Length: "));
        if (client.closed) break;
        // The connection is still in step: the next answer begins where the head ended.
        client.write(request("GET", "/health"));
        const auto next = client.read();
        CHECK(next.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(next.ends_with("{\"ready\":true}"));
    }
    CHECK_FALSE(client.closed);
}

TEST_CASE("a client that writes all of a body that is too large before it reads still reads the refusal") {
    KinesisServer server;
    for (const std::size_t megabytes : {17, 40}) {
        CAPTURE(megabytes);
        HttpClient client{server};
        const auto bytes = megabytes * wire_limits::mib;
        client.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n");
        client.write(std::string(bytes, 'x'));
        CHECK(client.read().starts_with("HTTP/1.1 413 Content Too Large\r\n"));
        CHECK(client.closed);   // the server has said its last, without a reset
    }
}

TEST_CASE("a client that goes on sending after a refusal is closed after ten seconds") {
    KinesisServer server;
    HttpClient client{server};
    client.write("no http at all\r\n\r\n");
    CHECK(client.read().starts_with("HTTP/1.1 400 Bad Request\r\n"));
    client.write("more");
    CHECK(server.door.connections() == 1);
    server.pass(wire_limits::http_drain - milliseconds{1});
    CHECK(server.door.connections() == 1);
    server.pass(milliseconds{1});
    CHECK(server.door.connections() == 0);
}

TEST_CASE("an expectation of an HTTP/1.0 client is ignored: no interim answer comes") {
    KinesisServer server{with_side()};
    HttpClient old{server}, current{server};
    old.write("POST /health HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(old.read() == "");
    old.write("{}");
    CHECK(old.read().starts_with("HTTP/1.1 200 OK\r\n"));
    current.write("POST /health HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(current.read() == "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_CASE("who speaks TLS or Kafka to the plain door is named once in the log, with what to set") {
    KinesisServer server;
    for (int i = 0; i < 2; ++i) {
        HttpClient tls{server}, kafka{server};
        tls.write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
        tls.read();
        kafka.write(std::string_view{"\0\0\0\x24\0\x12\0\x04", 8});
        kafka.read();
    }
    REQUIRE(server.notes.size() == 2);
    CHECK(server.notes[0].contains("TLS"));
    CHECK(server.notes[0].contains("http:// in place of https://"));
    CHECK(server.notes[1].contains("bootstrap.servers to the address of --kafka"));
}
