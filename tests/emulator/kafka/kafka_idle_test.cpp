// Idle connections of the Kafka door: connections.max.idle.ms has its effect, by the time that passes outside.
#include "protocol/kafka/messages/fetch.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

DoorOptions idle_after(const char* ms) {
    DoorOptions options;
    options.configs = {{"connections.max.idle.ms", ms}};
    return options;
}

}   // namespace

TEST_CASE("a connection over which nothing moved for connections.max.idle.ms is closed; each request and answer begins it anew") {
    Server server(idle_after("3000"));
    server.create("t");
    Client idle(server), busy(server);
    server.pass(milliseconds{2'000});
    produce(busy, "t", 0, batch_of({"x"}));
    server.pass(milliseconds{999});
    CHECK(server.door->connections() == 2);
    server.pass(milliseconds{1});
    CHECK(server.door->connections() == 1);
    CHECK(idle.closed());
    server.pass(milliseconds{1'999});
    CHECK(server.door->connections() == 1);
    server.pass(milliseconds{1});
    CHECK(busy.closed());
}

TEST_CASE("who waits for an answer is not idle, and half a request is not enough to stay") {
    Server server(idle_after("3000"));
    server.create("t");
    Client waiting(server), half(server);
    waiting.send(Fetching("t", 0, 10'000).request, 12);
    half.write(Blob{std::byte{0}, std::byte{0}});
    server.turn();
    server.pass(milliseconds{3'000});
    CHECK(half.closed());
    CHECK(server.door->connections() == 1);
    server.pass(milliseconds{7'000});
    CHECK(waiting.receive<FetchResponse>(12));
    server.pass(milliseconds{2'999});
    CHECK(server.door->connections() == 1);
    server.pass(milliseconds{1});
    CHECK(waiting.closed());
}

TEST_CASE("who takes nothing of an answer is idle") {
    Server server(idle_after("3000"));
    server.create("t");
    Client writer(server), stuck(server);
    const auto large = batch_of({std::string(900'000, 'x')});
    for (int i = 0; i < 40; ++i) produce(writer, "t", 0, large);
    Fetching all("t", 0, 0);
    for (int i = 0; i < 40; ++i) stuck.send(all.request, 12);
    server.turn();
    for (int i = 0; i < 4; ++i) {
        server.pass(milliseconds{1'000});
        produce(writer, "t", 0, batch_of({"y"}));
    }
    CHECK(server.door->connections() == 1);
}

TEST_CASE("a moved clock closes no connection, and -1 keeps the idle for ever") {
    {
        Server server(idle_after("3000"));
        Client client(server);
        server.clock().advance(std::chrono::hours{25});
        server.turn();
        CHECK(server.door->connections() == 1);
    }
    Server server(idle_after("-1"));
    Client client(server);
    server.pass(std::chrono::hours{24 * 30});
    CHECK(server.door->connections() == 1);
}
