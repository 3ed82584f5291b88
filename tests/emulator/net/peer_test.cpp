// What a door may rely on of the other end of a connection, over TCP.
#include <sys/socket.h>

#include "tests/support/peers.h"

using namespace sluice;
using namespace sluice::test;
using Buffers = std::vector<asio::const_buffer>;

TEST_CASE("pieces leave in their order, as many and as much as asked for") {
    Peers p;
    std::string text;
    for (int i = 0; i < 1'000; ++i) text += static_cast<char>('a' + i % 26);
    Buffers pieces;
    for (std::size_t i = 0; i < text.size(); ++i) pieces.push_back(asio::buffer(text.data() + i, 1));
    pieces.insert(pieces.begin() + 3, asio::const_buffer{});   // an empty one is none
    Peer::Pieces rest = pieces;
    CHECK(p.peer->try_write(rest, 10) == 10);
    drop_front(rest, 10);
    while (!rest.empty()) {
        const auto taken = p.peer->try_write(rest);
        REQUIRE(taken.value_or(0) > 0);
        drop_front(rest, *taken);
    }
    CHECK(p.heard() == text);
    CHECK(p.peer->try_write(Buffers{}) == 0);
    const std::string large(1 << 20, 'x');
    int rounds = 0;
    while (p.peer->try_write(Buffers{asio::buffer(large)}).value() > 0) REQUIRE(++rounds < 100'000);   // until there is no room
}

TEST_CASE("a write waits for room and ends when all has gone") {
    Peers p;
    const std::string large(32 << 20, 'x');
    Buffers all{asio::buffer(large), asio::buffer("end", 3)};
    const auto done = p.begin(p.peer->write(all, p.idle));
    CHECK_FALSE(done->has_value());
    std::string got;
    while (!done->has_value()) got += p.heard();
    got += p.heard();
    CHECK(*done == true);
    CHECK(got.size() == large.size() + 3);
    CHECK(got.ends_with("xend"));
}

TEST_CASE("a write to a peer that reset ends, and so does one that is closed meanwhile") {
    const std::string large(32 << 20, 'x');
    for (const bool reset : {true, false}) {
        Peers p;
        Buffers all{asio::buffer(large)};
        const auto done = p.begin(p.peer->write(all, p.idle));
        CHECK_FALSE(done->has_value());
        if (reset)
            p.reset();
        else
            p.peer->close();
        p.turn();
        CHECK(*done == false);
        CHECK(p.peer->try_write(all) == std::nullopt);
    }
}

TEST_CASE("what was given back is read first, and what has come behind it; the end is no byte") {
    Peers p;
    p.say("world");
    p.peer->give_back(std::as_bytes(std::span{"hello ", 6}), false);
    CHECK(p.next() == "hello world");
    std::byte two[2];
    p.peer->give_back(std::as_bytes(std::span{"abc", 3}), false);
    CHECK(*p.begin(p.peer->read_some(two)) == 2);
    CHECK(p.next() == "c");
    std::byte room[8];
    const auto waiting = p.begin(p.peer->read_some(room));
    CHECK_FALSE(waiting->has_value());
    p.peer->cancel();
    p.turn();
    CHECK(*waiting == 0);
    p.client.close();
    CHECK(p.next() == "");
}

TEST_CASE("who was told that no more comes may still send") {
    Peers p;
    p.peer->finish();
    CHECK(p.heard() == "");
    CHECK(p.end_heard);
    p.say("still here");
    CHECK(p.next() == "still here");
}

TEST_CASE("a watched peer that ends its side has ended, and is not gone until it resets or is closed") {
    Peers p;
    int ended = 0, gone = 0;
    struct Count final : Follower {
        explicit Count(int& n) : count(n) {}
        void fired() override { ++count; }
        int& count;
    } ends{ended}, goes{gone};
    ends.follow(p.peer->ended);
    goes.follow(p.peer->gone);
    p.peer->watch();
    p.turn();
    CHECK(ended + gone == 0);
    p.client.shutdown(asio::ip::tcp::socket::shutdown_send);
    p.turn();
    CHECK(p.peer->has_ended());
    CHECK_FALSE(p.peer->is_gone());
    CHECK(p.peer->try_write(Buffers{asio::buffer("answer", 6)}) == 6);
    CHECK(p.heard() == "answer");
    p.reset();
    CHECK(p.peer->is_gone());
    p.peer->watch();
    p.peer->close();
    CHECK(ended == 1);
    CHECK(gone == 1);
}

TEST_CASE("bytes that nobody has read hide an end behind them and no reset; when they were read the end shows") {
    Peers p;
    p.peer->watch();
    p.say("next request");
    p.client.shutdown(asio::ip::tcp::socket::shutdown_send);
    p.turn();
    CHECK_FALSE(p.peer->has_ended());
    SUBCASE("read") {
        CHECK(p.next() == "next request");
        p.peer->watch();
        p.turn();
        CHECK(p.peer->has_ended());
        CHECK_FALSE(p.peer->is_gone());
    }
    SUBCASE("reset") {
        p.reset();
        CHECK(p.peer->is_gone());
    }
}

TEST_CASE("urgent data is no end, as often as it comes") {
    Peers p;
    p.peer->watch();
    for (int i = 0; i < 3; ++i) {
        p.client.send(asio::buffer("!", 1), MSG_OOB);
        p.turn();
    }
    CHECK_FALSE(p.peer->is_gone());
    CHECK_FALSE(p.peer->has_ended());
    p.say("text");
    p.reset();
    CHECK(p.peer->is_gone());
}
