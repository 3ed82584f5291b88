// Idle connections of the Kinesis door, by the time that passes outside.
#include <boost/asio/read.hpp>

#include "protocol/wire_limits.h"
#include "tests/support/kinesis_server.h"

using namespace sluice;
using namespace sluice::test;
using std::chrono::hours;
using std::chrono::seconds;
using wire_limits::http_idle;

namespace {

constexpr std::string_view health = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

// /health is answered when told to, /metrics with 32 MB.
struct Side {
    Signal answered;
    kinesis::DoorOptions options(KinesisServer*& server) {
        return {.side = [this, &server](kinesis::SideRequest asked) -> Task<kinesis::SideAnswer> {
            if (asked.path == "/metrics") co_return kinesis::SideAnswer{.body = std::string(32 << 20, 'x')};
            Waiter waiter{server->io.get_executor()};
            waiter.watch(answered);
            co_await waiter.wait();
            co_return kinesis::SideAnswer{.body = "{}"};
        }};
    }
};

}   // namespace

TEST_CASE("an HTTP connection over which nothing moved for ten minutes is closed; each request begins the time anew") {
    KinesisServer server;
    HttpClient idle{server}, busy{server};
    server.pass(http_idle - seconds{1});
    busy.write(health);
    CHECK(busy.read().starts_with("HTTP/1.1 404"));
    CHECK(server.door.connections() == 2);
    server.pass(seconds{1});
    CHECK(server.door.connections() == 1);
    idle.read();
    CHECK(idle.closed);
    server.pass(http_idle - seconds{2});
    CHECK(server.door.connections() == 1);
    server.pass(seconds{1});
    CHECK(server.door.connections() == 0);
}

TEST_CASE("a client that waits for its answer is not idle, and its time begins with the answer") {
    Side side;
    KinesisServer* at = nullptr;
    KinesisServer server{side.options(at)};
    at = &server;
    HttpClient client{server};
    client.write(health);
    server.pass(3 * http_idle);
    CHECK(server.door.connections() == 1);
    side.answered.fire();
    CHECK(client.read().starts_with("HTTP/1.1 200"));
    server.pass(http_idle - seconds{1});
    CHECK(server.door.connections() == 1);
    server.pass(seconds{1});
    CHECK(server.door.connections() == 0);
}

TEST_CASE("a client that takes nothing of its answer holds its place for ten minutes, and one that goes on taking keeps it") {
    Side side;
    KinesisServer* at = nullptr;
    KinesisServer server{side.options(at)};
    at = &server;
    HttpClient stuck{server}, slow{server};
    for (auto* client : {&stuck, &slow}) client->write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 5; ++i) {
        std::vector<char> taken(4 << 20);
        boost::system::error_code fault;
        asio::read(slow.socket, asio::buffer(taken), fault);   // what was there
        server.turn();
        server.pass(http_idle / 4);
    }
    CHECK(server.door.connections() == 1);
    std::size_t all = 0;
    boost::system::error_code fault;
    for (std::vector<char> taken(1 << 20); !fault;) {
        server.turn();
        all += slow.socket.read_some(asio::buffer(taken), fault);
    }
    CHECK(fault == asio::error::would_block);   // still open
    CHECK(all > 0);
}

TEST_CASE("a moved clock closes no HTTP connection") {
    KinesisServer server;
    HttpClient client{server};
    server.engine.default_world().clock->advance(hours{25});
    server.turn();
    CHECK(server.door.connections() == 1);
}
