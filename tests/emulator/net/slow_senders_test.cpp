// Senders that begin a request and stop, at each door: they are closed after a while, and nobody else is. Time is moved by hand.
#include <doctest/doctest.h>

#include "emulator/net/receiving.h"
#include "protocol/kafka/messages/metadata.h"
#include "protocol/wire_limits.h"
#include "tests/support/kafka_client.h"
#include "tests/support/kinesis_server.h"

using namespace sluice;
using namespace sluice::test;
using namespace std::chrono_literals;
using wire_limits::patience;

namespace {

// Four bytes of length and the beginning of a frame.
kafka::Blob half_frame(std::size_t stated, std::size_t sent) {
    kafka::Blob bytes(4 + sent);
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(stated >> (8 * (3 - i)));
    return bytes;
}

constexpr std::string_view health = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

}   // namespace

TEST_CASE("half a Kafka frame that does not go on is closed between 15 and 30 seconds after its last bytes, and told once") {
    kafka::Server server;
    std::vector<std::string> notes;
    server.engine->events().on_note = [&](std::string_view line) { notes.emplace_back(line); };
    kafka::Client slow(server), other_slow(server), steady(server);
    slow.write(half_frame(1'000, 10));
    other_slow.write(half_frame(50'000'000, 100'000));
    server.pass(patience);
    CHECK(server.door->connections() == 3);
    server.pass(patience);
    CHECK(server.door->connections() == 1);
    CHECK(notes == std::vector<std::string>{"Kafka door: closed 2 connections that began a request and did not go on with it"});
    CHECK(steady.ask<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12)->brokers.size() == 1);
    CHECK_FALSE(server.clock().until_next().value_or(1h) < 1s);
}

TEST_CASE("an idle connection, a parked fetch and a client that finishes each request late are left alone") {
    kafka::Server server;
    server.create("t");
    kafka::Client idle(server), parked(server), late(server);
    parked.send(kafka::Fetching("t", 0, 3'600'000).request, 12);
    kafka::MetadataRequest metadata;
    for (int i = 0; i < 5; ++i) {   // the end of one request and the beginning of the next, ten seconds apart
        const auto frame = kafka::encode_request(metadata, 12, 1 + i, "late");
        late.write(kafka::Bytes{frame}.first(6));
        server.pass(10s);
        late.write(kafka::Bytes{frame}.subspan(6));
        CHECK(late.frame());
    }
    CHECK(server.door->connections() == 3);
}

TEST_CASE("a large frame over a slow line is waited for as long as it goes on") {
    kafka::Server server;
    kafka::Client slow(server);
    const kafka::Blob part(wire_limits::least_progress_bytes);
    slow.write(half_frame(part.size() * 20, 0));
    for (int i = 0; i < 10; ++i) {
        slow.write(part);
        server.pass(patience);
        CHECK(server.door->connections() == 1);
    }
    server.pass(patience);
    CHECK(server.door->connections() == 0);
}

TEST_CASE("above 256 MiB of unfinished requests the stalled ones go within two seconds, and what goes on stays") {
    ManualTime time;
    Clock clock{time};
    std::vector<std::string> notes;
    Receiving receiving{clock, "a door", [&](std::string_view line) { notes.emplace_back(line); }};
    int closed = 0;
    std::vector<std::unique_ptr<Sender>> stalled;
    Sender good{receiving, [] { FAIL("it went on"); }};
    auto goes_on = [&, held = std::size_t{0}]() mutable {
        good.received(20'000);
        good.lacks_rest(held += 20'000);
    };
    for (int i = 0; i < 300; ++i) {
        stalled.push_back(std::make_unique<Sender>(receiving, [&] { ++closed; }));
        stalled.back()->received(wire_limits::mib);
        stalled.back()->lacks_rest(wire_limits::mib);
    }
    goes_on();
    CHECK(receiving.held() == 300 * wire_limits::mib + 20'000);
    for (const int expected : {0, 300}) {
        time.move(1s);
        clock.run_due();
        goes_on();
        CHECK(closed == expected);
    }
    CHECK(receiving.held() == 60'000);
    CHECK(notes == std::vector<std::string>{"a door: closed 300 connections that began a request and did not go on with it"});
}

TEST_CASE("unfinished requests of a door never hold more than 1 GiB: the one that holds most is closed") {
    ManualTime time;
    Clock clock{time};
    Receiving receiving{clock, "a door", [](std::string_view) {}};
    std::vector<int> closed;
    std::vector<std::unique_ptr<Sender>> senders;
    for (int i = 0; i < 20; ++i) {
        senders.push_back(std::make_unique<Sender>(receiving, [&closed, i] { closed.push_back(i); }));
        const auto held = (i == 3 ? 90 : 60) * wire_limits::mib;
        senders.back()->received(held);
        senders.back()->lacks_rest(held);
        CHECK(receiving.held() <= 1'024 * wire_limits::mib);
    }
    REQUIRE_FALSE(closed.empty());
    CHECK(closed[0] == 3);
    CHECK(senders[3]->given_up());
}

TEST_CASE("an HTTP request that does not go on is answered 408 and closed") {
    KinesisServer server;
    HttpClient head(server), body(server), steady(server);
    head.write("POST / HTTP/1.1\r\nHost: x\r\nX-Amz");
    body.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{\"Records\":[");
    server.pass(patience);
    CHECK(server.door.connections() == 3);
    server.pass(patience);
    for (auto* slow : {&head, &body}) {
        CHECK(slow->read().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
        CHECK(slow->closed);
    }
    steady.write(health);
    CHECK(steady.read().starts_with("HTTP/1.1 404"));   // nobody provides the paths beside Kinesis here
    CHECK_FALSE(steady.closed);
    CHECK(server.door.connections() == 1);
    CHECK(server.notes ==
          std::vector<std::string>{"Kinesis door: closed 2 connections that began a request and did not go on with it"});
}

TEST_CASE("each door closes what comes above its number of connections, says so once, and takes others when some have gone") {
    kafka::DoorOptions two;
    two.most_connections = 2;
    kafka::Server kafka_server(two);
    std::vector<std::string> notes;
    kafka_server.engine->events().on_note = [&](std::string_view line) { notes.emplace_back(line); };
    {
        kafka::Client a(kafka_server), b(kafka_server), c(kafka_server), d(kafka_server);
        CHECK(kafka_server.door->connections() == 2);
        CHECK_FALSE(c.frame());
        CHECK(a.ask<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12)->brokers.size() == 1);
    }
    kafka_server.turn();
    kafka::Client again(kafka_server);
    CHECK(again.ask<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12)->brokers.size() == 1);
    CHECK(notes == std::vector<std::string>{"Kafka door: there are 2 connections, the most it takes; more are closed"});

    KinesisServer server({.most_connections = 1, .side = {}});
    HttpClient first(server), second(server);
    second.write(health);
    CHECK(second.read().empty());
    CHECK(second.closed);
    first.write(health);
    CHECK(first.read().starts_with("HTTP/1.1 404"));
    CHECK(server.notes == std::vector<std::string>{"Kinesis door: there are 1 connections, the most it takes; more are closed"});
}
