// Rules about addresses; the only file here that knows what a network is.
#include "emulator/kafka/advertised.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "storage/store.h"

namespace sluice::kafka {

namespace {

constexpr std::size_t longest_host = 255;   // of a DNS name

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
    for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
        const unsigned here = std::min(bits, 8u);
        const unsigned mask = 0xffu << (8 - here) & 0xffu;
        if ((a[i] & mask) != (b[i] & mask)) return false;
        bits -= here;
    }
    return true;
}

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}   // namespace

asio::ip::address plain(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    return address;
}

bool AdvertisedRule::covers(asio::ip::address peer) const {
    peer = plain(peer);
    if (peer.is_v4() != network.is_v4()) return false;
    return network.is_v4() ? same_prefix(peer.to_v4().to_bytes(), network.to_v4().to_bytes(), bits)
                           : same_prefix(peer.to_v6().to_bytes(), network.to_v6().to_bytes(), bits);
}

std::optional<HostPort> parse_host_port(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    const auto port = number(text.substr(colon + 1));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.empty() || host.size() > longest_host || !port || *port == 0 || *port > 65535) return std::nullopt;
    return HostPort{std::string(host), static_cast<std::uint16_t>(*port)};
}

AdvertisedRule parse_advertised_rule(std::string_view text) {
    const auto fail = [&]() -> storage::StartError {
        return storage::StartError("advertised rule '" + std::string(text) +
                                   "' is not PEER-CIDR=HOST:PORT, for example 172.17.0.0/16=broker:9092");
    };
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) throw fail();
    auto network = text.substr(0, equals);
    auto told = parse_host_port(text.substr(equals + 1));
    AdvertisedRule rule;
    std::optional<unsigned> bits;
    if (const auto slash = network.find('/'); slash != std::string_view::npos) {
        bits = number(network.substr(slash + 1));
        if (!bits) throw fail();
        network = network.substr(0, slash);
    }
    boost::system::error_code error;
    rule.network = plain(asio::ip::make_address(std::string(network), error));
    const unsigned most = rule.network.is_v4() ? 32 : 128;
    if (error || !told || bits.value_or(0) > most) throw fail();
    rule.bits = bits.value_or(most);
    rule.told = *std::move(told);
    return rule;
}

std::optional<asio::ip::address> container_gateway() {
    std::error_code ignored;
    if (!std::filesystem::exists("/.dockerenv", ignored) && !std::filesystem::exists("/run/.containerenv", ignored))
        return std::nullopt;
    // Linux, proc(5): destination and gateway are hexadecimal in host byte order; the default route has destination 0.
    std::ifstream routes("/proc/net/route");
    for (std::string line; std::getline(routes, line);) {
        std::istringstream fields(line);
        std::string interface, destination, gateway;
        fields >> interface >> destination >> gateway;
        if (destination != "00000000" || gateway.size() != 8) continue;
        std::uint32_t raw = 0;
        std::from_chars(gateway.data(), gateway.data() + 8, raw, 16);
        const std::array<unsigned char, 4> bytes{static_cast<unsigned char>(raw), static_cast<unsigned char>(raw >> 8),
                                                 static_cast<unsigned char>(raw >> 16), static_cast<unsigned char>(raw >> 24)};
        return asio::ip::address_v4(bytes);
    }
    return std::nullopt;
}

HostPort Advertised::told(const std::optional<HostPort>& own, const Endpoint& local, const asio::ip::address& peer) const {
    if (live) return *live;
    if (own) return *own;
    for (const auto& rule : rules) {
        if (rule.covers(peer)) return rule.told;
    }
    if (gateway && plain(peer) == *gateway) return {"localhost", local.port};
    return {plain(local.address).to_string(), local.port};
}

}   // namespace sluice::kafka
