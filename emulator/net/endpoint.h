// Where a door listens, as people write it: 127.0.0.1:4567 or [::1]:4567.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace sluice {

struct Endpoint {
    boost::asio::ip::address address;
    std::uint16_t port = 0;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// ADDR:PORT or [ADDR]:PORT with a literal address or `localhost`. A fault is a sentence.
std::expected<Endpoint, std::string> parse_endpoint(std::string_view text);
std::string show(const Endpoint&);

}   // namespace sluice
