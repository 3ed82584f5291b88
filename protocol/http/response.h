// The head of an HTTP/1.1 response, written by hand: a status line, the caller's headers, and the length.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::http {

// Appends status line and headers; the body, of so many bytes, is the caller's to send. Content-Length is written here, or not
// when nobody knows it; Content-Type, Date and all else come in `headers`; a line break in a value becomes a space. Connection:
// close is said unless the connection is kept.
void append_head(std::string& out, unsigned status, std::span<const std::pair<std::string_view, std::string_view>> headers,
                 std::optional<std::size_t> body_bytes, bool keep_alive);

}   // namespace sluice::http
