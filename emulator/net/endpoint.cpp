#include "emulator/net/endpoint.h"

#include <fmt/format.h>

#include <charconv>

namespace sluice {

std::expected<Endpoint, std::string> parse_endpoint(std::string_view text) {
    const auto fault = std::unexpected{fmt::format("'{}' is not ADDR:PORT, like 127.0.0.1:4567, 0.0.0.0:0 or [::1]:9092", text)};
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return fault;
    std::string host{text.substr(0, colon)};
    const auto digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return fault;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.contains(':'))
        return fault;
    if (host == "localhost") host = "127.0.0.1";
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(host, no_address);
    if (no_address) return fault;
    return Endpoint{address, port};
}

std::string show(const Endpoint& at) {
    const auto address = at.address.to_string();
    return at.address.is_v6() ? fmt::format("[{}]:{}", address, at.port) : fmt::format("{}:{}", address, at.port);
}

}   // namespace sluice
