// What the Kafka door is started with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emulator/kafka/advertised.h"
#include "protocol/wire_limits.h"

namespace sluice::kafka {

struct DoorOptions {
    std::map<std::string, std::string> configs = {};   // Kafka's own broker settings, by name
    std::vector<AdvertisedRule> advertised = {};
    std::optional<asio::ip::address> gateway = {};   // see container_gateway()
    std::int32_t node_id = 1;
    std::size_t most_connections = wire_limits::connections;
};

}   // namespace sluice::kafka
