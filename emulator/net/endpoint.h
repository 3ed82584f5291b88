// Where a door listens, as people write it: 127.0.0.1:4567 or [::1]:4567.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <expected>
#include <string>
#include <string_view>

namespace sluice {

using Endpoint = boost::asio::ip::tcp::endpoint;

// ADDR:PORT or [ADDR]:PORT with a literal address or `localhost`. A fault is a sentence.
std::expected<Endpoint, std::string> parse_endpoint(std::string_view text);
std::string show(const Endpoint&);

}   // namespace sluice
