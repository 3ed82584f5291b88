// HTTP/2 in bytes: what comes out as requests, how answers leave, and what a client can not make the machine hold or do.
#include "protocol/http/http2.h"

#include <doctest/doctest.h>

#include "tests/support/http2_client.h"

using namespace sluice;
using namespace sluice::http;
using sluice::test::Http2Client;

namespace {

struct Both final : Http2::User {
    explicit Both(Http2Limits limits = {}, std::uint32_t window = 65'535) : machine(*this, limits), client(window) { talk(); }
    void asked(StreamId id, Http2Request&& request) override { requests[id] = std::move(request); }
    void left(StreamId id) override { all_left.push_back(id); }
    void closed(StreamId id) override { all_closed.push_back(id); }

    // Until neither has anything to say. `at_once`: how many bytes the machine gets at a time.
    void talk(std::size_t at_once = SIZE_MAX) {
        for (bool moved = true; moved;) {
            const auto said = client.bytes();
            moved = !said.empty();
            for (std::size_t at = 0; at < said.size() && good; at += at_once)
                good = machine.receive(std::as_bytes(std::span{said}.subspan(at, std::min(at_once, said.size() - at))));
            for (auto bytes = machine.next(); !bytes.empty(); bytes = machine.next()) {
                moved = true;
                (void)client.hear({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
            }
        }
    }
    void answer(StreamId id, std::string text) {
        const std::pair<std::string_view, std::string_view> headers[] = {{"Content-Type", "t"}};
        machine.head(id, 200, headers, true);
        machine.piece(id, std::make_shared<const std::string>(std::move(text)));
        machine.end(id);
    }

    std::map<StreamId, Http2Request> requests;
    std::vector<StreamId> all_left, all_closed;
    bool good = true;
    Http2 machine;
    Http2Client client;
};

}   // namespace

TEST_CASE("a request comes whole, however its bytes were cut, with its authority as Host") {
    for (const std::size_t at_once : {1, 7, 100'000}) {
        Both both;
        const std::string body(20'000, 'b');
        const auto id = both.client.ask("POST", "/path?q", {{"x-amz-target", "T"}}, body);
        both.talk(at_once);
        REQUIRE(both.requests.contains(id));
        const auto& request = both.requests[id];
        CHECK(request.method == "POST");
        CHECK(request.target == "/path?q");
        CHECK(request.body == body);
        CHECK(request.headers ==
              std::vector<std::pair<std::string, std::string>>{{"host", "localhost:4567"}, {"x-amz-target", "T"}});
        CHECK(both.machine.unfinished() == 0);
        both.answer(id, "hello");
        both.talk();
        CHECK(both.client.answers[id].status == 200);
        CHECK(both.client.answers[id].headers["content-type"] == "t");
        CHECK(both.client.answers[id].body == "hello");
        CHECK(both.client.answers[id].whole);
        CHECK(both.all_closed == std::vector{id});
    }
}

TEST_CASE("trailers are no headers") {
    Both both;
    const auto id = both.client.ask("POST", "/", {{"a", "1"}}, "body", false);
    both.talk();
    both.client.trailers(id, {{"authorization", "late"}});
    both.talk();
    REQUIRE(both.requests.contains(id));
    CHECK(both.requests[id].body == "body");
    CHECK(both.requests[id].headers == std::vector<std::pair<std::string, std::string>>{{"host", "localhost:4567"}, {"a", "1"}});
}

TEST_CASE("requests of one connection are answered in any order, each in pieces as they come") {
    Both both;
    const auto first = both.client.ask("GET", "/1"), second = both.client.ask("GET", "/2");
    both.talk();
    both.machine.head(first, 200, {}, true);
    both.machine.piece(first, std::make_shared<const std::string>("a"));
    both.talk();
    CHECK(both.client.answers[first].body == "a");
    CHECK(both.all_left == std::vector{first});
    both.answer(second, "whole");
    both.talk();
    CHECK(both.client.answers[second].whole);
    CHECK_FALSE(both.client.answers[first].whole);
    both.machine.piece(first, std::make_shared<const std::string>("b"));
    both.machine.end(first);
    both.talk();
    CHECK(both.client.answers[first].body == "ab");
    CHECK(both.client.answers[first].whole);
    const auto head = both.client.ask("GET", "/3");
    both.talk();
    both.machine.head(head, 204, {}, false);
    both.talk();
    CHECK(both.client.answers[head].status == 204);
    CHECK(both.client.answers[head].whole);
}

TEST_CASE("a client that says GOAWAY after its request still gets the answer; then the connection is over") {
    Both both;
    const auto id = both.client.ask("POST", "/", {}, "body");
    both.client.say_goaway();
    both.talk();
    REQUIRE(both.requests.contains(id));
    CHECK_FALSE(both.machine.over());
    both.answer(id, "answer");
    both.talk();
    CHECK(both.client.answers[id].body == "answer");
    CHECK(both.client.answers[id].whole);
    CHECK(both.machine.over());
}

TEST_CASE("no more of an answer leaves than the client has room for, and what has left is said") {
    Both both;
    const auto id = both.client.ask("GET", "/");
    both.talk();
    both.answer(id, std::string(200'000, 'x'));
    CHECK(both.machine.unsent() == 200'000);
    both.talk();
    CHECK(both.client.answers[id].body.size() == 65'535);
    CHECK(both.machine.unsent() == 200'000 - 65'535);
    CHECK(both.all_left.empty());
    while (!both.client.answers[id].whole) {
        const auto before = both.client.answers[id].body.size();
        both.client.take(id, 65'535);
        both.talk();
        REQUIRE(both.client.answers[id].body.size() > before);
    }
    CHECK(both.client.answers[id].body == std::string(200'000, 'x'));
    CHECK(both.machine.unsent() == 0);
    CHECK(both.all_left == std::vector{id});
}

TEST_CASE("a body or a head beyond its bound is refused with a status, and the connection goes on") {
    Both both{{.header_bytes = 2'000, .body_bytes = 50'000}};
    const auto large = both.client.ask("POST", "/", {}, std::string(60'000, 'x'));
    const auto wide = both.client.ask("POST", "/", {{"x", std::string(3'000, 'h')}});
    const auto good = both.client.ask("POST", "/", {}, std::string(50'000, 'x'));
    both.talk();
    CHECK(both.client.answers[large].status == 413);
    CHECK(both.client.answers[wide].status == 431);
    CHECK(both.requests.size() == 1);
    CHECK(both.requests.contains(good));
    CHECK(both.machine.unfinished() == 0);
    CHECK(both.good);
}

TEST_CASE("above the bound for unfinished requests only the oldest is given new room, so that each comes to its end") {
    Both both{{.unfinished_bytes = 1'000'000}};
    std::vector<StreamId> open;
    for (int i = 0; i < 40; ++i) open.push_back(both.client.ask("POST", "/", {}, std::string(1'000'000, 'x'), false));
    both.talk();
    const auto most = 1'000'000 + 1'000'000 + 40 * (wire_limits::http2_stream_window + 1'000);
    CHECK(both.machine.unfinished() > 1'000'000);
    CHECK(both.machine.unfinished() < most);
    CHECK(both.client.unsent(open[0]) == 0);
    CHECK(both.client.unsent(open[39]) > 700'000);
    both.client.reset(open[0]);   // the next is the oldest
    both.talk();
    CHECK(both.client.unsent(open[1]) == 0);
    for (std::size_t i = 1; i < 40; ++i) both.client.more(open[i], "", true);
    both.talk();
    CHECK(both.requests.size() == 39);
    for (const auto& [id, request] : both.requests) CHECK(request.body.size() == 1'000'000);
    CHECK(both.machine.unfinished() == 0);
}

TEST_CASE("whoever resets what it asked, again and again, is sent away") {
    Both both{{.free_resets = 50}};
    for (int i = 0; i < 50; ++i) {
        const auto id = both.client.ask("GET", "/");
        both.talk();
        both.client.reset(id);
        both.talk();
        CHECK(both.all_closed.back() == id);
    }
    CHECK(both.good);
    const auto answered = both.client.ask("GET", "/");
    both.talk();
    both.answer(answered, "an answer pays for a reset");
    both.talk();
    for (int i = 0; i < 2; ++i) {
        CHECK_FALSE(both.machine.over());
        const auto id = both.client.ask("GET", "/");
        both.talk();
        both.client.reset(id);
        both.talk();
    }
    CHECK(both.machine.over());
    CHECK(both.client.goaway == NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_CASE("an answer to a stream that is gone is dropped") {
    Both both;
    const auto id = both.client.ask("GET", "/");
    both.talk();
    both.machine.head(id, 200, {}, true);
    both.machine.piece(id, std::make_shared<const std::string>(100'000, 'x'));
    both.client.reset(id);
    both.talk();
    CHECK(both.all_closed == std::vector{id});
    CHECK(both.machine.unsent() == 0);
    both.machine.piece(id, std::make_shared<const std::string>("more"));
    both.machine.end(id);
    both.machine.head(id, 200, {}, true);
    both.talk();
    CHECK(both.good);
}

TEST_CASE("what is no HTTP/2 ends the connection") {
    Both both;
    const std::string data_of_no_stream("\0\0\1\0\0\0\0\0\0x", 10);
    CHECK(both.machine.receive(std::as_bytes(std::span{data_of_no_stream})));
    both.talk();
    CHECK(both.client.goaway == NGHTTP2_PROTOCOL_ERROR);
    CHECK(both.machine.over());
    struct Nobody final : Http2::User {
        void asked(StreamId, Http2Request&&) override {}
        void left(StreamId) override {}
        void closed(StreamId) override {}
    } nobody;
    Http2 fresh{nobody};
    CHECK_FALSE(fresh.receive(std::as_bytes(std::span{std::string_view{"GET / HTTP/1.1\r\nHost: x\r\n\r\n"}})));
}
