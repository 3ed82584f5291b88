// HTTP/1.1 as bytes: however they arrive the same requests come out, and bad ones end the connection.
#include <doctest/doctest.h>

#include <cstring>

#include "protocol/http/request_reader.h"
#include "protocol/http/response.h"

using namespace sluice::http;

namespace {

void offer(RequestReader& reader, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto space = reader.space();
        const auto size = std::min(space.size(), bytes.size());
        std::memcpy(space.data(), bytes.data(), size);
        reader.received(size);
        bytes.remove_prefix(size);
    }
}

// Everything that comes out of the bytes when they arrive in pieces of one size: "METHOD target [body]", or
// the status.
std::string heard(std::string_view bytes, std::size_t piece, Limits limits = {}) {
    RequestReader reader{limits};
    std::string all;
    while (!bytes.empty()) {
        const auto size = std::min(piece, bytes.size());
        offer(reader, bytes.substr(0, size));
        bytes.remove_prefix(size);
        for (;;) {
            const Step step = reader.next();
            if (const auto* refusal = std::get_if<Refusal>(&step)) return all + std::to_string(refusal->status);
            const auto* request = std::get_if<Request>(&step);
            if (request == nullptr) break;
            all.append(request->method).append(" ").append(request->target).append(" [").append(request->body).append("]");
            for (const auto& [name, value] : request->headers)
                if (name.starts_with("X-")) all.append(" ").append(value);
            all += request->keep_alive ? "; " : "; closes ";
        }
    }
    return all + (reader.in_request() ? "waits" : "idle");
}

constexpr std::string_view two =
    "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: T\r\nContent-Length: 5\r\n\r\nhello"
    "\r\nPOST /p?q=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX-B:  b "
    "\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"
    "GET /last HTTP/1.1\r\nConnection: close\r\n\r\n";
constexpr std::string_view both = "POST / [hello] T; POST /p?q=1 [abc0123456789] b; GET /last []; closes idle";

}   // namespace

TEST_CASE("pipelined requests come out the same however their bytes arrive") {
    for (std::size_t piece = 1; piece <= two.size(); ++piece) CHECK(heard(two, piece) == both);
}

TEST_CASE("the beginning of a request is waited for, not guessed at") {
    const std::string_view one = two.substr(0, two.find("hello") + 5);
    for (std::size_t size = 1; size < one.size(); ++size) CHECK(heard(one.substr(0, size), size) == "waits");
}

TEST_CASE("a client that waits for 100 Continue is told once") {
    RequestReader reader;
    offer(reader, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(std::get<NeedMore>(reader.next()).continue_expected);
    CHECK_FALSE(std::get<NeedMore>(reader.next()).continue_expected);
    offer(reader, "h");
    CHECK_FALSE(std::get<NeedMore>(reader.next()).continue_expected);
    offer(reader, "i");
    CHECK(std::get<Request>(reader.next()).body == "hi");
    offer(reader, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(std::get<NeedMore>(reader.next()).continue_expected);
    offer(reader, "1\r\nx\r\n0\r\n\r\n");
    CHECK(std::get<Request>(reader.next()).body == "x");
}

TEST_CASE("what cannot be a request is refused at once and for good") {
    CHECK(heard(std::string_view{"\x16\x03\x01\x00", 4}, 1) == "400");
    CHECK(heard("hello\n", 9) == "400");
    CHECK(heard("GET /\r\n\r\n", 99) == "400");
    CHECK(heard("GET /as-long-as-a-line-with-a-version\r\n\r\n", 99) == "400");
    CHECK(heard("GET / HTTP/7.0\r\n\r\n", 99) == "505");
    CHECK(heard("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 99) == "400");
    CHECK(heard("GET / HTTP/1.1\r\nno colon\r\n\r\n", 99) == "400");
    CHECK(heard("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 99) == "400");
    CHECK(heard("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 99) == "400");
    CHECK(heard("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 99) == "400");
    CHECK(heard("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 99) == "400");
    for (const char* bad : {"-1\r\n", "\r\n", "1\n", "1 x\r\n", "1\r\nab\r\n", "0\r\n x: y\r\n", "0\r\nx\r\n", "0\r\n\rX"})
        CHECK_MESSAGE(heard("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(bad) + "\n", 1) == "400", bad);
    CHECK(heard("GET /\tx HTTP/1.1\r\n\r\n", 99) == "400");
    CHECK(heard("GE\x01T / HTTP/1.1\r\n\r\n", 99) == "400");
    CHECK(heard("GET / HTTP/1.1\r\nA : b\r\n\r\n", 99) == "400");
    CHECK(heard("GET / HTTP/1.1\r\n: b\r\n\r\n", 99) == "400");
    CHECK(heard("GET / HTTP/1.1\r\nA: a\rB: b\r\n\r\n", 99) == "400");
    CHECK(heard("GET / HTTP/1.1\r\nA: " + std::string(40, 'a') + "\x7f\r\n\r\n", 99) == "400");
    CHECK(heard("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 99) == "400");
    CHECK(heard("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", 99) == "400");
    CHECK(heard("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 99) == "400");
    CHECK(heard("GET / HTTP/1.1\r\nConnection: keep alive\r\n\r\n", 99) == "400");
    for (const char* bad : {"", "+1", "1 2", "1, 1", "0x1", "1a"})
        CHECK_MESSAGE(heard("POST / HTTP/1.1\r\nContent-Length: " + std::string(bad) + "\r\n\r\n", 99) == "400", bad);
    RequestReader reader;
    offer(reader, "\n");
    CHECK(std::get<Refusal>(reader.next()).status == 400);
    offer(reader, two);
    CHECK(std::get<Refusal>(reader.next()).status == 400);
}

TEST_CASE("a connection stays open as its version and its Connection header say") {
    CHECK(heard("GET / HTTP/1.1\r\n\r\n", 99) == "GET / []; idle");
    CHECK(heard("GET / HTTP/1.1\r\ncOnnection: Upgrade , CLOSE\r\n\r\n", 99) == "GET / []; closes idle");
    CHECK(heard("GET / HTTP/1.0\r\n\r\n", 99) == "GET / []; closes idle");
    CHECK(heard("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 99) == "GET / []; idle");
    CHECK(heard("POST / HTTP/1.1\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nhi", 99) == "POST / [hi]; idle");
    CHECK(heard("GET /\xc3\xa9 HTTP/1.1\r\nX-A:\t \xc3\xa9 \t b\t\r\nX-B:\r\n\r\n", 99) ==
          "GET /\xc3\xa9 [] \xc3\xa9 \t b ; idle");
}

TEST_CASE("heads and bodies have limits, whatever length is claimed") {
    const Limits small{.header_bytes = 200, .body_bytes = 10};
    CHECK(heard("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789", 7, small) == "POST / [0123456789]; idle");
    CHECK(heard("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", 99, small) == "413");
    CHECK(heard("POST / HTTP/1.1\r\nContent-Length: 9999999999999\r\n\r\n", 99, small) == "413");
    CHECK(heard("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n", 99, small) == "413");
    CHECK(heard("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n", 9, small) == "413");
    CHECK(heard("GET / HTTP/1.1\r\nA: " + std::string(300, 'a'), 50, small) == "431");
    CHECK(heard("GET /" + std::string(300, 'a') + " HTTP/1.1\r\n\r\n", 500, small) == "431");
    CHECK(heard("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(20'000, 'x'), 500, small) == "400");
}

TEST_CASE("large bodies come through whole, one after the other") {
    std::string bytes, expected;
    for (const std::size_t size : {3'000'000u, 1u, 70'000u, 2'000'000u}) {
        const std::string body(size, 'z');
        bytes += "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body;
        expected += "POST / [" + body + "]; ";
    }
    CHECK(heard(bytes, 16'384) == expected + "idle");
    CHECK(heard(bytes, 1'000'003) == expected + "idle");
    CHECK(heard(bytes, bytes.size()) == expected + "idle");
}

TEST_CASE("a response begins with its status, its headers and the length of its body") {
    const std::pair<std::string_view, std::string_view> headers[] = {{"Content-Type", "t"}, {"Echo", "a\r\nB: c"}};
    std::string out;
    append_head(out, 200, headers, 2, true);
    CHECK(out == "HTTP/1.1 200 OK\r\nContent-Type: t\r\nEcho: a  B: c\r\nContent-Length: 2\r\n\r\n");
    out.clear();
    append_head(out, 413, {}, 0, false);
    CHECK(out == "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}
