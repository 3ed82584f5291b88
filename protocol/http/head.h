// The head of one HTTP/1.1 request, from its first line to its empty one: what it says, or why it is refused. As strict as
// RFC 9112 asks a server to be: nothing is guessed that another party on the way could read differently.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::http {

// Views into the head's bytes.
struct Head {
    std::string_view method, target;
    std::vector<std::pair<std::string_view, std::string_view>> headers;   // values without outer white space
    std::optional<std::uint64_t> length;                                  // of the body; none said: no body, unless it is chunked
    bool chunked = false;
    bool keep_alive = true;
    bool takes_chunks = true;   // not HTTP/1.0
    bool expects_continue = false;
};

// A character of a method's or a field's name.
bool token(char c);

// Precondition: every line of `bytes`, the empty one at its end included, ends with CR LF. The error is a status.
std::expected<Head, unsigned> parse_head(std::string_view bytes);

}   // namespace sluice::http
