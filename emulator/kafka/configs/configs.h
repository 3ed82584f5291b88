// Kafka's settings as data, and what somebody set on top: `--kafka-config` for the broker, CreateTopics for topics, and what was
// changed at run time (dynamic_configs.h).
// The tables (topic_configs.cpp, broker_configs.cpp, group_configs.cpp) hold every setting of a stock 4.4.0 node.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emulator/kafka/configs/dynamic_configs.h"
#include "emulator/streams/stream.h"
#include "protocol/batch/header.h"

namespace sluice::kafka {

// The numbers DescribeConfigs uses (v3+).
enum class ConfigType : std::int8_t { boolean = 1, text, int32, int16, int64, real, list, class_name, password };
enum class ConfigSource : std::int8_t { topic = 1, broker, cluster, fixed, stock, logger, client_metrics, group };
// `fixed` ones cannot be changed while the broker runs; the value of a secret is never shown.
enum class ConfigAccess : std::uint8_t { editable, fixed, secret, fixed_secret };

struct ConfigEntry {
    const char* name;
    ConfigType type;
    const char* stock;   // nullptr: null
    ConfigAccess access;
    const char* from = nullptr;   // the broker setting that gives the default of a topic's or a group's setting

    bool read_only() const { return access == ConfigAccess::fixed || access == ConfigAccess::fixed_secret; }
    bool sensitive() const { return access == ConfigAccess::secret || access == ConfigAccess::fixed_secret; }
};
std::span<const ConfigEntry> topic_configs();
std::span<const ConfigEntry> broker_configs();
std::span<const ConfigEntry> group_configs();
std::span<const ConfigEntry> client_metrics_configs();
const ConfigEntry* find_config(std::span<const ConfigEntry>, std::string_view name);
// What the setting does here, in a sentence or two (DescribeConfigs v3+).
std::string_view config_text(std::string_view name);

// What is wrong with `value`, in Kafka's words; nothing when it is fine.
std::optional<std::string> config_fault(const ConfigEntry&, std::string_view value);

struct ConfigValue {
    std::optional<std::string> value;
    ConfigSource source = ConfigSource::stock;
};
// A value that a setting has or would have if nearer ones were taken away: what Kafka calls a synonym.
struct ConfigOrigin {
    std::string_view name;   // of the setting that it stands in
    std::string value;
    ConfigSource source;
};

// The broker's settings: stock, ours where a local server is better off with another value, then the user's, then what was
// changed at run time in a world. No world: what a new one would have.
class Configs {
  public:
    using World = streams::World;
    // Throws storage::StartError for an unknown name (naming the nearest) or a wrong value.
    explicit Configs(const std::map<std::string, std::string>& set, std::int32_t node_id = 1);
    // What was changed in that world counts from now on; told again after each change. It outlives this.
    void follow(const World&, const DynamicConfigs&);

    ConfigValue broker(const World*, const ConfigEntry&) const;
    ConfigValue topic(const streams::Stream&, const ConfigEntry&) const;
    // What a topic without settings of its own would have.
    ConfigValue topic_default(const World*, const ConfigEntry&) const;
    ConfigValue group(const World*, std::string_view group, const ConfigEntry&) const;
    // Nearest first. Seen on Kafka 4.4.0: a null is left out, and log.retention.hours is no origin of a topic's retention.ms but
    // where log.retention.ms was changed.
    std::vector<ConfigOrigin> broker_origins(const World*, std::string_view name) const;
    std::vector<ConfigOrigin> topic_origins(const streams::Stream&, const ConfigEntry&) const;
    std::vector<ConfigOrigin> group_origins(const World*, std::string_view group, const ConfigEntry&) const;

    // Of settings of the broker that stay as they are while it runs.
    std::int64_t number(std::string_view broker_name) const { return number(nullptr, broker_name); }
    bool flag(std::string_view broker_name) const;
    // And of all.
    std::int64_t number(const World*, std::string_view broker_name) const;
    std::int64_t topic_number(const streams::Stream&, std::string_view name) const;
    std::string topic_text(const streams::Stream&, std::string_view name) const;
    // Of a group, within the bounds that the broker sets (group.consumer.min.session.timeout.ms and the like).
    std::int64_t group_number(const World*, std::string_view group, std::string_view name) const;
    std::string group_text(const World*, std::string_view group, std::string_view name) const;
    // What a Produce has to know of its topic, cheap for topics without settings of their own.
    struct ProduceRules {
        std::int64_t max_message_bytes{}, before_max_ms{}, after_max_ms{};
        bool compacted{}, log_append_time{}, forwards{};
        std::optional<batch::Codec> codec{};   // of the stored batch; nothing: the producer's
        std::optional<int> level{};            // and how hard it is compressed
    };
    ProduceRules produce_rules(const streams::Stream&) const;
    // Retention of a topic that does not say: log.retention.ms, .minutes, .hours. Nothing: for ever.
    std::optional<milliseconds> default_retention(const World* = nullptr) const;
    // log.retention.bytes; nothing: any size.
    std::optional<std::int64_t> default_retention_bytes(const World* = nullptr) const;
    // How many connections an address may have: max.connections.per.ip, and its overrides.
    std::size_t most_connections_of(const World*, std::string_view address) const;
    const std::string& node() const { return node_; }

  private:
    struct Followed {
        const DynamicConfigs* dynamic{};
        ProduceRules plain;
    };
    const Followed* followed(const World*) const;
    // Of the broker or of all brokers, when it was changed.
    std::optional<ConfigValue> changed(const World*, std::string_view broker_name) const;
    ProduceRules read_rules(const streams::Stream&) const;

    Settings set_;
    std::string node_;
    ProduceRules plain_rules_;
    std::unordered_map<streams::WorldId, Followed> followed_;
};

// The broker's bound of a group's setting: that of `consumer.session.timeout.ms` and "min" is
// group.consumer.min.session.timeout.ms. Nothing when there is none.
const ConfigEntry* group_bound(std::string_view name, std::string_view bound);

}   // namespace sluice::kafka
