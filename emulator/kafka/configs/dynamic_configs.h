// Settings that somebody changed while the server runs, of one world: of the broker, of all brokers of the cluster, of groups, of
// client-metrics subscriptions and of loggers. Kept values, one a resource. Those of topics are with their streams, and levels of
// loggers live as long as the process, as in Kafka.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "emulator/streams/engine.h"

namespace sluice::kafka {

using Settings = std::map<std::string, std::string, std::less<>>;

// The numbers of Kafka's requests.
enum class ConfigResource : std::int8_t { topic = 2, broker = 4, logger = 8, client_metrics = 16, group = 32 };

class DynamicConfigs {
  public:
    DynamicConfigs(streams::Engine&, streams::World&);
    // Empty when nothing was changed. The broker "" stands for all brokers.
    const Settings& of(ConfigResource, std::string_view name) const;
    // From now on; empty ones are forgotten.
    streams::Ticket set(ConfigResource, std::string_view name, Settings);
    // By name, those of which something was changed.
    void each(ConfigResource, const std::function<void(std::string_view name)>&) const;
    bool empty() const { return all_.empty(); }
    // The store holds something else than memory under this key. False for a key of somebody else.
    bool unstored(std::string_view key);
    void clear() { all_.clear(); }

  private:
    void take(std::string_view key, std::string_view value);

    streams::Engine& engine_;
    streams::World& world_;
    std::map<std::string, Settings, std::less<>> all_;   // by key
};

}   // namespace sluice::kafka
