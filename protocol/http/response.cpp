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

void append(std::string& out, std::size_t number) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// A header echoes what a client sent (CORS): a line break in it must not start a new header.
void append_value(std::string& out, std::string_view value) {
    const auto from = static_cast<std::ptrdiff_t>(out.size());
    out += value;
    for (const char end_of_line : {'\r', '\n'})
        if (value.contains(end_of_line)) std::replace(out.begin() + from, out.end(), end_of_line, ' ');
}

}  // namespace

void append_head(std::string& out, unsigned status,
                 std::span<const std::pair<std::string_view, std::string_view>> headers,
                 std::size_t body_bytes, bool keep_alive) {
    std::size_t size = 128;
    for (const auto& [name, value] : headers) size += name.size() + value.size() + 4;
    if (out.capacity() - out.size() < size) out.reserve(std::max(out.size() + size, out.capacity() * 2));
    out += "HTTP/1.1 ";
    append(out, status);
    out.append(" ").append(reason(status)).append("\r\n");
    for (const auto& [name, value] : headers) {
        out.append(name).append(": ");
        append_value(out, value);
        out += "\r\n";
    }
    out += "Content-Length: ";
    append(out, body_bytes);
    out += keep_alive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
}

}  // namespace sluice::http
