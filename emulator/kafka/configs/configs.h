// Kafka's settings as data, and what somebody set on top: `--kafka-config` for the broker, CreateTopics for topics.
// The tables (topic_configs.cpp, broker_configs.cpp, group_configs.cpp) hold every setting of a stock 4.4.0 node.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "emulator/streams/stream.h"

namespace sluice::kafka {

// The numbers DescribeConfigs uses (v3+).
enum class ConfigType : std::int8_t { boolean = 1, text, int32, int16, int64, real, list, class_name, password };
enum class ConfigSource : std::int8_t { topic = 1, broker = 2, broker_default = 3, fixed = 4, stock = 5 };

struct ConfigEntry {
    const char* name;
    ConfigType type;
    const char* stock;   // nullptr: null
    bool read_only, sensitive;
    std::array<const char*, 2> synonyms{};   // broker settings that give a topic's default, nearest first
};
std::span<const ConfigEntry> topic_configs();
std::span<const ConfigEntry> broker_configs();
std::span<const ConfigEntry> group_configs();
const ConfigEntry* find_config(std::span<const ConfigEntry>, std::string_view name);

// What is wrong with `value`, in Kafka's words; nothing when it is fine.
std::optional<std::string> config_fault(const ConfigEntry&, std::string_view value);

struct ConfigValue {
    std::optional<std::string> value;
    ConfigSource source = ConfigSource::stock;
};

// The broker's settings: stock, ours where a local server is better off with another value, then the user's.
class Configs {
  public:
    // Throws storage::StartError for an unknown name (naming the nearest) or a wrong value.
    explicit Configs(const std::map<std::string, std::string>& set);
    ConfigValue broker(const ConfigEntry&) const;
    ConfigValue topic(const streams::Stream&, const ConfigEntry&) const;
    // What a topic without settings of its own would have.
    ConfigValue topic_default(const ConfigEntry&) const;

    std::int64_t number(std::string_view broker_name) const;
    bool flag(std::string_view broker_name) const;
    std::int64_t topic_number(const streams::Stream&, std::string_view name) const;
    std::string topic_text(const streams::Stream&, std::string_view name) const;
    // What a Produce has to know of its topic, cheap for topics without settings of their own.
    struct ProduceRules {
        std::int64_t max_message_bytes{}, before_max_ms{}, after_max_ms{};
        bool compacted{}, log_append_time{}, forwards{};
    };
    ProduceRules produce_rules(const streams::Stream&) const;
    // Retention of a topic that does not say: log.retention.ms, .minutes, .hours. Nothing: for ever.
    std::optional<milliseconds> default_retention() const;
    // log.retention.bytes; nothing: any size.
    std::optional<std::int64_t> default_retention_bytes() const;

  private:
    ProduceRules read_rules(const streams::Stream&) const;

    std::map<std::string, std::string, std::less<>> set_;
    ProduceRules plain_rules_;
};

}   // namespace sluice::kafka
