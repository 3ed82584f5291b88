// Which address a client is told to come back to (rule 25): what SetAdvertised said last, else the first rule whose
// network holds the peer, else `localhost` for a peer that comes from the container's gateway, else the local address of
// the client's own connection. A listener that was given an address of its own tells that one instead of the rules'.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emulator/net/endpoint.h"
#include "emulator/runtime/loop.h"

namespace sluice::kafka {

struct HostPort {
    std::string host;
    std::uint16_t port{};
    friend bool operator==(const HostPort&, const HostPort&) = default;
};

// HOST:PORT or [ADDR]:PORT; nothing for any other text.
std::optional<HostPort> parse_host_port(std::string_view text);

// PEER-CIDR=HOST:PORT; an address without a length is a network of one.
struct AdvertisedRule {
    asio::ip::address network;
    unsigned bits{};
    HostPort told;
    bool covers(asio::ip::address peer) const;
};
// Throws storage::StartError with what was expected.
AdvertisedRule parse_advertised_rule(std::string_view text);

// An IPv4 address that arrived mapped into IPv6 is IPv4 for people and clients.
asio::ip::address plain(const asio::ip::address&);

// The address of the default gateway when this process runs in a container: published ports arrive from there.
std::optional<asio::ip::address> container_gateway();

struct Advertised {
    std::vector<AdvertisedRule> rules;
    std::optional<asio::ip::address> gateway;
    std::optional<HostPort> live;   // SetAdvertised
    // `own` is what the listener was given to tell.
    HostPort told(const std::optional<HostPort>& own, const Endpoint& local, const asio::ip::address& peer) const;
};

}   // namespace sluice::kafka
