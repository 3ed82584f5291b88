// Clients that go while their requests wait for something: nothing of them stays, without any time that has to pass.
#include <sys/resource.h>

#include "emulator/net/http1_exchange.h"
#include "protocol/wire_limits.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/kinesis_server.h"

using namespace sluice;
using namespace sluice::test;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

// Two descriptors each, the server's and the client's.
void allow_descriptors(rlim_t wanted) {
    rlimit limit{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = std::min(std::max(limit.rlim_cur, wanted), limit.rlim_max);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    REQUIRE(limit.rlim_cur >= wanted);
}

struct Parked {
    asio::io_context* io = nullptr;
    Signal news;   // never fires
    int waiting = 0;
    kinesis::DoorOptions options() {
        return {.side = [this](kinesis::SideRequest asked) -> Task<kinesis::SideAnswer> {
            Waiter waiter{io->get_executor()};
            waiter.watch(news);
            waiter.watch(*asked.gone, Woken::closed);
            ++waiting;
            co_await waiter.wait();
            --waiting;
            co_return kinesis::SideAnswer{.body = "{\"waited\":true}"};
        }};
    }
};
constexpr std::string_view watch = "POST /_sluice/v1/Watch HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";

}   // namespace

TEST_CASE("a thousand clients that close while their fetches of five minutes are parked leave nothing behind") {
    allow_descriptors(2'500);
    kafka::Server server;
    const auto stream = server.create("t");
    auto& appended = stream->shards[0]->appended;
    const auto followed = [&] { return appended.waiters(); };
    const auto before = followed();
    for (const bool reset : {false, true}) {
        CAPTURE(reset);
        const kafka::Fetching fetching("t", 0, 300'000);
        std::vector<std::unique_ptr<kafka::Client>> clients;
        for (int i = 0; i < 1'000; ++i) {
            clients.push_back(std::make_unique<kafka::Client>(server));
            clients.back()->send(fetching.request, 12);
        }
        server.turn();
        REQUIRE(server.door->connections() == 1'000);
        REQUIRE(server.door->calls() == 1'000);
        REQUIRE(server.clock().until_next().value_or(1h) <= 5min);
        for (auto& client : clients) client->leave(reset);
        server.turn();
        CHECK(server.door->connections() == 0);
        CHECK(server.door->calls() == 0);
        CHECK(followed() == before);
        CHECK(server.clock().until_next().value_or(1h) > 5min);   // no deadline of theirs is left
    }
    kafka::Client next(server);
    CHECK(kafka::produce(next, "t", 0, kafka::batch_of({"x"})).error_code == kafka::ErrorCode::none);
}

TEST_CASE("members that close while they wait in a join or a sync are let go, and stay members for their session") {
    kafka::Server server;
    server.create("t");
    kafka::Consumer leader(server), second(server), third(server);
    leader.enter();
    leader.send_join();
    REQUIRE(leader.joined());
    second.send_join(3);   // joins, and waits for the leader to join again
    third.send_join(3);
    server.turn();
    CHECK(server.door->calls() == 2);
    second.client.leave(false);
    third.client.leave(true);
    CHECK(server.door->calls() == 0);
    CHECK(server.door->connections() == 1);
}

TEST_CASE("a Kafka client that sent far more than is carried out is let go when it resets") {
    kafka::Server server;
    server.create("t");
    kafka::Client flood(server);
    flood.send(kafka::Fetching("t", 0, 300'000).request, 12);
    const auto large = kafka::batch_of({std::string(1'000'000, 'x')});
    const kafka::ProduceRequest::Partition partition{.index = 0, .records = kafka::Bytes{large}};
    const kafka::ProduceRequest::Topic topic{.name = "t", .topic_id = {}, .partitions = {&partition, 1}};
    for (int i = 0; i < 40; ++i)
        flood.send(kafka::ProduceRequest{.transactional_id = {}, .acks = -1, .timeout_ms = 1000, .topics = {&topic, 1}}, 9);
    server.turn();
    CHECK(server.door->calls() == 1);
    CHECK(server.door->connections() == 1);
    flood.leave(true);
    CHECK(server.door->connections() == 0);
    CHECK(server.door->calls() == 0);
}

TEST_CASE("requests by HTTP that wait end when their clients reset, and after thirty seconds when they ended their side") {
    Parked parked;
    KinesisServer server{parked.options()};
    parked.io = &server.io;
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<HttpClient>(server));
        clients.back()->write(watch);
    }
    server.turn();
    CHECK(parked.waiting == 3);
    clients[0]->socket.set_option(asio::socket_base::linger(true, 0));
    clients[0]->socket.close();
    server.turn();
    CHECK(parked.waiting == 2);
    CHECK(server.door.connections() == 2);
    clients[1]->socket.close();
    clients[2]->socket.shutdown(asio::ip::tcp::socket::shutdown_send);
    server.turn();
    server.pass(wire_limits::http_half_closed - 1ms);
    CHECK(parked.waiting == 2);   // one of them may still read its answer, and nobody can say which
    server.pass(1ms);
    CHECK(parked.waiting == 0);
    CHECK(clients[2]->read().ends_with("{\"waited\":true}"));
    CHECK(server.door.connections() == 0);
}

TEST_CASE("a client that ends its side with its request by HTTP reads the answer") {
    KinesisServer server;
    HttpClient client{server};
    client.socket.send(asio::buffer("GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 33));
    client.socket.shutdown(asio::ip::tcp::socket::shutdown_send);
    CHECK(client.read().starts_with("HTTP/1.1 404"));
    CHECK(client.closed);
    CHECK(server.door.connections() == 0);
}

TEST_CASE("a client that closes before its first request is whole leaves nothing behind, whatever it had sent") {
    kafka::Server kafka_server;
    KinesisServer kinesis_server;
    for (const std::string_view sent : {""sv, "\1"sv, "P"sv, "\0\0\0\x24\0\x12\0\x04\0"sv}) {
        CAPTURE(sent.size());
        kafka::Client by_kafka(kafka_server);
        by_kafka.write(std::as_bytes(std::span{sent}));
        by_kafka.leave(false);
        CHECK(kafka_server.door->connections() == 0);
        HttpClient by_http{kinesis_server};
        by_http.write(sent);
        by_http.socket.close();
        kinesis_server.turn();
        CHECK(kinesis_server.door.connections() == 0);
    }
}
