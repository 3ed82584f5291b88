// What the Kafka door is started with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emulator/kafka/advertised.h"
#include "emulator/kafka/security/login_options.h"
#include "protocol/wire_limits.h"

namespace sluice {
class Tls;
}

namespace sluice::kafka {

struct DoorOptions {
    std::map<std::string, std::string> configs = {};   // Kafka's own broker settings, by name
    std::vector<AdvertisedRule> advertised = {};
    std::optional<asio::ip::address> gateway = {};   // see container_gateway()
    std::int32_t node_id = 1;
    std::string log_dir = "memory";   // what clients are told of where the logs lie
    std::size_t most_connections = wire_limits::connections;
    LoginOptions login = {};
    Tls* tls = nullptr;   // how TLS is spoken; nothing: not at all
};

}   // namespace sluice::kafka
