// An answer by HTTP/1.1 in bytes, and when its client counts as gone.
#include "emulator/net/http1_exchange.h"

#include "protocol/wire_limits.h"
#include "tests/support/peers.h"

using namespace sluice;
using namespace sluice::test;

namespace {

struct Exchanging : Peers {
    Http1Exchange exchange{*peer, idle, clock};
    bool end() { return **begin(exchange.end()); }
};
constexpr std::pair<std::string_view, std::string_view> text[] = {{"Content-Type", "t"}};

}   // namespace

TEST_CASE("an answer of known length is its head and its pieces, in their order") {
    Exchanging e;
    e.exchange.begin({});
    const std::string large(5'000, 'L');
    const auto shared = std::make_shared<const std::string>(6'000, 'S');
    e.exchange.head(200, text, 3 + 5'000 + 3 + 6'000);
    e.exchange.copy("abc");
    e.exchange.send(large);
    e.exchange.send("def");
    e.exchange.share(shared);
    CHECK(e.heard() == "");   // nothing leaves before it is asked to
    CHECK(e.end());
    CHECK(e.heard() == "HTTP/1.1 200 OK\r\nContent-Type: t\r\nContent-Length: 11006\r\n\r\nabc" + large + "def" + *shared);
    CHECK(shared.use_count() == 1);
    e.exchange.begin({.keep_alive = false});
    e.exchange.head(404, {}, 0);
    CHECK(e.end());
    CHECK(e.heard() == "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_CASE("an answer whose length nobody knows leaves in chunks, piece by piece") {
    Exchanging e;
    e.exchange.begin({});
    e.exchange.head(200, text, {});
    CHECK(**e.begin(e.exchange.room()));
    CHECK(e.heard() == "HTTP/1.1 200 OK\r\nContent-Type: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    e.exchange.copy("hello");
    e.exchange.copy("");   // an empty chunk would be the last
    e.exchange.send(std::string(5'000, 'L'));
    CHECK(**e.begin(e.exchange.room()));
    CHECK(e.heard() == "5\r\nhello\r\n1388\r\n" + std::string(5'000, 'L') + "\r\n");
    CHECK(e.end());
    CHECK(e.heard() == "0\r\n\r\n");
    CHECK(e.exchange.keeps_alive());
}

TEST_CASE("a client that knows no chunks is told by the connection's end where the answer ends") {
    Exchanging e;
    e.exchange.begin({.takes_chunks = false});
    e.exchange.head(200, {}, {});
    e.exchange.copy("hello");
    CHECK(e.end());
    CHECK(e.heard() == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
    CHECK_FALSE(e.exchange.keeps_alive());
}

TEST_CASE("HEAD is told the length, or that it is not known, and gets no body") {
    Exchanging e;
    e.exchange.begin({.head = true});
    e.exchange.head(200, {}, 5'000);
    e.exchange.send(std::string(5'000, 'L'));
    CHECK(e.end());
    CHECK(e.heard() == "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    e.exchange.begin({.head = true});
    e.exchange.head(200, {}, {});
    e.exchange.copy("hello");
    CHECK(e.end());
    CHECK(e.heard() == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("whoever reset is gone at once, and its answer is nowhere to go") {
    Exchanging e;
    e.exchange.begin({});
    Waiter waiter{e.io.get_executor()};
    waiter.watch(e.exchange.gone(), Woken::closed);
    e.turn();
    CHECK_FALSE(e.exchange.is_gone());
    e.reset();
    CHECK(waiter.woken());
    CHECK(e.exchange.is_gone());
    e.exchange.head(200, {}, 0);
    CHECK_FALSE(e.end());
}

TEST_CASE("whoever sends no more gets an answer that comes within thirty seconds, and what is written after them") {
    Exchanging e;
    e.exchange.begin({});
    Waiter waiter{e.io.get_executor()};
    waiter.watch(e.exchange.gone(), Woken::closed);
    e.client.shutdown(asio::ip::tcp::socket::shutdown_send);
    e.turn();
    e.pass(wire_limits::http_half_closed - milliseconds{1});
    CHECK_FALSE(waiter.woken());
    e.pass(milliseconds{1});
    CHECK(waiter.woken());
    e.exchange.head(200, {}, 2);
    e.exchange.copy("ok");
    CHECK(e.end());
    CHECK(e.heard() == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    // The next request of such a connection, sent before, has its own thirty seconds.
    e.exchange.begin({});
    CHECK_FALSE(e.exchange.is_gone());
    (void)e.exchange.gone();
    CHECK_FALSE(e.exchange.is_gone());
    e.pass(wire_limits::http_half_closed);
    CHECK(e.exchange.is_gone());
}
