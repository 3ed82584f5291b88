// One reservation, then appends.
#include "protocol/http/response.h"

#include <algorithm>
#include <charconv>

namespace sluice::http {
namespace {

std::string_view reason(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Unknown";
    }
}

char* put(char* to, std::string_view text) { return std::copy(text.begin(), text.end(), to); }

// A header echoes what a client sent (CORS): a line break in it must not start a new header.
char* put_value(char* to, std::string_view value) {
    char* const end = put(to, value);
    for (const char end_of_line : {'\r', '\n'})
        if (value.contains(end_of_line)) std::replace(to, end, end_of_line, ' ');
    return end;
}

}   // namespace

void append_head(std::string& out, unsigned status, std::span<const std::pair<std::string_view, std::string_view>> headers,
                 std::optional<std::size_t> body_bytes, bool keep_alive) {
    const auto before = out.size();
    std::size_t most = before + 128;   // all that is neither a header's name nor its value
    for (const auto& [name, value] : headers) most += name.size() + value.size() + 4;
    if (out.capacity() < most) out.reserve(std::max(most, out.capacity() * 2));
    out.resize_and_overwrite(most, [&](char* data, std::size_t) {
        char* to = put(data + before, "HTTP/1.1 ");
        to = std::to_chars(to, to + 10, status).ptr;
        to = put(put(put(to, " "), reason(status)), "\r\n");
        for (const auto& [name, value] : headers) to = put(put_value(put(put(to, name), ": "), value), "\r\n");
        if (body_bytes) to = put(std::to_chars(put(to, "Content-Length: "), to + 36, *body_bytes).ptr, "\r\n");
        to = put(to, keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
        return static_cast<std::size_t>(to - data);
    });
}

}   // namespace sluice::http
