// What a resource's settings are after a request to change them, or why they stay. Pure: it knows no store and no stream. Codes
// and texts as seen on Kafka 4.4.0.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "emulator/kafka/configs/configs.h"
#include "protocol/kafka/errors.h"

namespace sluice::kafka {

// IncrementalAlterConfigs' numbers.
enum class ConfigOperation : std::int8_t { set, erase, append, subtract };
struct ConfigChange {
    std::string_view name;
    ConfigOperation operation{};
    std::optional<std::string_view> value;
};
struct ConfigRefusal {
    ErrorCode code{};
    std::optional<std::string> text;
};

struct AlteredResource {
    ConfigResource type{};
    std::string_view name;
    const Settings& now;     // what it has
    bool replaced = false;   // the changes are all that it will have (AlterConfigs)
};
// What is wrong with changes whatever they change: a name twice, a null value; and with appending to what is no list.
std::optional<ConfigRefusal> form_fault(std::span<const ConfigChange>);
std::optional<ConfigRefusal> list_fault(ConfigResource, std::span<const ConfigChange>);
// The changes have no `form_fault`. `elr`: eligible leader replicas are on, which keep min.insync.replicas where it is.
std::expected<Settings, ConfigRefusal> altered(const Configs&, const AlteredResource&, std::span<const ConfigChange>, bool elr);

// What settings of a topic that are fine one by one cannot be together.
std::optional<std::string> topic_conflict(const Settings&);
// Rule 18: what a stream with Kinesis' manners cannot have.
std::optional<std::string> kinesis_stream_fault(const Settings&);

// ---- for one kind of resource: group_rules.cpp ----
std::optional<ConfigRefusal> group_fault(const Configs&, const Settings&);
std::optional<ConfigRefusal> client_metrics_fault(const Settings&);

}   // namespace sluice::kafka
