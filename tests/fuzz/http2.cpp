// What a client sends behind HTTP/2's preface, cut into pieces at places the input chooses; its requests are answered, half
// answered, or left waiting. What must hold: the same requests however the bytes arrive, none larger than the limits, and what
// the machine says it holds is nothing once all streams are closed.
#include "protocol/http/http2.h"

#include <algorithm>
#include <set>

#include "tests/fuzz/pieces.h"

namespace sluice::fuzz {
namespace {

using namespace http;

constexpr Http2Limits small{.header_bytes = 1024, .body_bytes = 2048, .unfinished_bytes = 4096, .streams = 1'000};
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Server final : Http2::User {
    Http2 machine{*this, small};
    std::string seen;
    std::set<StreamId> open;
    std::size_t given = 0;

    void asked(StreamId id, Http2Request&& request) override {
        must(request.body.size() <= small.body_bytes, "a body is no larger than the limit");
        std::size_t head = request.method.size() + request.target.size();
        for (const auto& [name, value] : request.headers) head += name.size() + value.size();
        must(head <= small.header_bytes, "a head is no larger than the limit");
        must(open.insert(id).second, "a stream asks once");
        seen += std::to_string(id) + " " + request.method + " " + request.target + " " + request.body + "\n";
        const std::pair<std::string_view, std::string_view> headers[] = {{"Content-Type", "t"}};
        if (id / 2 % 4 == 3) return;   // left waiting
        machine.head(id, 200, headers, true);
        machine.piece(id, std::make_shared<const std::string>(request.body + "answer"));
        given += request.body.size() + 6;
        if (id / 2 % 4 != 2) machine.end(id);
    }
    void left(StreamId id) override { must(open.contains(id), "what left was asked"); }
    void closed(StreamId id) override { must(open.erase(id) == 1, "what is closed was asked"); }
};

template <class NextSize>
std::string told(Bytes bytes, NextSize&& next_size) {
    Server server;
    must(server.machine.receive(bytes_of(preface)), "a preface is a beginning");
    bool good = true;
    while (good && !bytes.empty()) {
        const Exact piece{bytes.first(std::min(bytes.size(), next_size()))};
        bytes = bytes.subspan(piece.bytes().size());
        good = server.machine.receive(piece.bytes());
        while (!server.machine.next().empty()) {
        }
        must(server.machine.unsent() <= server.given, "no more waits than was given");
    }
    return server.seen;
}

}   // namespace

void http2(Bytes input) {
    must_be_same_in_pieces(input, [](Bytes bytes, auto&& next_size) { return told(bytes, next_size); });
}

}   // namespace sluice::fuzz
