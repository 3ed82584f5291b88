// What a client sends on an HTTP connection, cut into pieces at places the input chooses. What must hold: the same requests, and
// the same refusal at their end, however the bytes arrive; a request is never larger than the limits.
#include <algorithm>

#include "protocol/http/request_reader.h"
#include "tests/fuzz/pieces.h"

namespace sluice::fuzz {
namespace {

using namespace http;

constexpr Limits small{.header_bytes = 512, .body_bytes = 1024};

// Everything a session would see, as one text: a request's parts with their lengths, or the status of a refusal.
template <class NextSize>
std::string told(Bytes bytes, NextSize&& next_size) {
    RequestReader reader{small};
    std::string seen;
    const auto part = [&](std::string_view text) {
        seen.append(std::to_string(text.size())).append(" ").append(text).append("\n");
    };
    for (;;) {
        const auto step = reader.next();
        if (const auto* request = std::get_if<Request>(&step)) {
            part(request->method), part(request->target), part(request->body);
            for (const auto& [name, value] : request->headers) part(name), part(value);
            seen += request->keep_alive ? "stays\n" : "goes\n";
            must(request->body.size() <= small.body_bytes, "a body is no larger than the limit");
        } else if (const auto* refusal = std::get_if<Refusal>(&step)) {
            must(refusal->status >= 400 && refusal->status < 600, "a refusal is an error");
            const auto again = reader.next();
            must(std::holds_alternative<Refusal>(again), "after a refusal there is only that refusal");
            return seen += "refused " + std::to_string(refusal->status);
        } else {
            if (bytes.empty()) return seen += reader.in_request() ? "unfinished" : "idle";
            const auto space = reader.space();
            must(!space.empty(), "there is always room for more");
            const auto count = std::min({bytes.size(), space.size(), next_size()});
            std::memcpy(space.data(), bytes.data(), count);
            reader.received(count);
            bytes = bytes.subspan(count);
        }
    }
}

}   // namespace

void http_requests(Bytes input) {
    must_be_same_in_pieces(input, [](Bytes bytes, auto&& next_size) { return told(bytes, next_size); });
}

}   // namespace sluice::fuzz
