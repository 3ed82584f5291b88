#include "protocol/foreign.h"

#include <algorithm>

namespace sluice {

Foreign spoken(std::string_view first) {
    using namespace std::string_view_literals;
    if (first.starts_with("\x16\x03"sv)) return Foreign::tls;   // a handshake record of TLS 1.x (RFC 8446, 5.1)
    if (first.starts_with("PRI * HTTP/2"sv)) return Foreign::http2;
    if (first.starts_with("\0"sv)) return Foreign::kafka;   // a size below 16 MiB; no text begins so
    constexpr std::string_view methods[] = {"GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT "};
    const auto begins = [&](std::string_view method) { return first.starts_with(method); };
    return std::ranges::any_of(methods, begins) ? Foreign::http1 : Foreign::none;
}

}   // namespace sluice
