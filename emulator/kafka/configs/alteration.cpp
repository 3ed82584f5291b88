// The four operations, and what each kind of resource says of names and values.
#include "emulator/kafka/configs/alteration.h"

#include <algorithm>
#include <set>
#include <vector>

#include "emulator/kafka/configs/config_values.h"
#include "emulator/streams/catalog/bounds.h"

namespace sluice::kafka {

namespace {

constexpr std::size_t most_settings = 1'000;   // of a resource: a broker takes names that nobody knows

using Altered = std::expected<Settings, ConfigRefusal>;
std::unexpected<ConfigRefusal> refused(ErrorCode code, std::optional<std::string> text) {
    return std::unexpected{ConfigRefusal{code, std::move(text)}};
}

std::span<const ConfigEntry> entries_of(ConfigResource type) {
    switch (type) {
        case ConfigResource::topic:
            return topic_configs();
        case ConfigResource::broker:
            return broker_configs();
        case ConfigResource::client_metrics:
            return client_metrics_configs();
        case ConfigResource::group:
            return group_configs();
        case ConfigResource::logger:
            break;
    }
    return {};
}

// A list with more words or fewer; words that are there already, or are not, change nothing.
std::string relisted(std::string_view list, std::string_view change, bool append) {
    std::vector<std::string_view> words;
    for (const auto word : words_of(list))
        if (!word.empty()) words.push_back(word);
    for (const auto word : words_of(change)) {
        const auto found = std::ranges::find(words, word);
        if (append && found == words.end() && !word.empty()) words.push_back(word);
        if (!append && found != words.end()) words.erase(found);
    }
    return joined(words, ",");
}

}   // namespace

std::optional<ConfigRefusal> form_fault(std::span<const ConfigChange> changes) {
    std::set<std::string_view> names;
    std::vector<std::string_view> nulls;
    for (const auto& change : changes) {
        if (!names.insert(change.name).second)
            return ConfigRefusal{ErrorCode::invalid_request, "Error due to duplicate config keys"};
        if (!change.value && change.operation != ConfigOperation::erase) nulls.push_back(change.name);
    }
    if (!nulls.empty()) return ConfigRefusal{ErrorCode::invalid_request, "Null value not supported for : " + joined(nulls, ", ")};
    for (const auto& change : changes) {
        if (change.operation < ConfigOperation::set || change.operation > ConfigOperation::subtract)
            return ConfigRefusal{ErrorCode::unknown_server_error, std::nullopt};
        using namespace streams::bounds;
        if (!good_text(change.name, name_bytes) || !good_text(change.value.value_or(""), config_bytes))
            return ConfigRefusal{ErrorCode::invalid_config, "A setting is too long: " + std::string(change.name.substr(0, 249))};
    }
    return std::nullopt;
}

namespace {

std::string name_of(ConfigOperation operation) { return operation == ConfigOperation::append ? "APPEND" : "SUBTRACT"; }

// Append and subtract, of which only lists know.
std::optional<ConfigRefusal> list_fault(ConfigResource type, const ConfigChange& change, const ConfigEntry* entry) {
    if (change.operation != ConfigOperation::append && change.operation != ConfigOperation::subtract) return std::nullopt;
    // Kafka does not know which settings of client metrics and groups are lists.
    const bool knows = type == ConfigResource::topic || type == ConfigResource::broker;
    if (entry && entry->type == ConfigType::list && knows) return std::nullopt;
    const std::string name{change.name};
    if (type != ConfigResource::broker)
        return ConfigRefusal{ErrorCode::invalid_config,
                             "Can't " + name_of(change.operation) + " to key " + name + " because its type is not LIST."};
    if (!entry) return ConfigRefusal{ErrorCode::invalid_config, "Unknown config name: " + name};
    return ConfigRefusal{ErrorCode::invalid_config, std::string("Config value ") +
                                                        (change.operation == ConfigOperation::append ? "append" : "subtract") +
                                                        " is not allowed for config key: " + name};
}

std::optional<ConfigRefusal> unknown_fault(ConfigResource type, std::string_view name) {
    switch (type) {
        case ConfigResource::topic:
            return ConfigRefusal{ErrorCode::invalid_config, "Unknown topic config name: " + std::string(name)};
        case ConfigResource::group:
            return ConfigRefusal{ErrorCode::invalid_config, "Unknown group config name: " + std::string(name)};
        case ConfigResource::client_metrics:
            return ConfigRefusal{ErrorCode::invalid_request, "Unknown client metrics configuration: " + std::string(name)};
        default:
            return std::nullopt;   // a broker keeps what a plugin may want to know
    }
}

// ---- brokers ----

// Which of them lie in the keeping of one broker, by their names. Kafka, DynamicBrokerConfig.
bool per_broker_only(const ConfigEntry& entry) {
    const std::string_view name = entry.name;
    return name == "listeners" || name == "listener.security.protocol.map" || name == "principal.builder.class" ||
           name.starts_with("sasl.") || name.starts_with("ssl.");
}
bool per_listener_only(const ConfigEntry& entry) {
    const std::string_view name = entry.name;
    return name.starts_with("ssl.keystore.") || name.starts_with("ssl.truststore.") || name == "ssl.key.password";
}

std::optional<ConfigRefusal> broker_fault(std::string_view broker, std::span<const ConfigChange> changes) {
    std::vector<std::string_view> fixed, listener, own;
    for (const auto& change : changes) {
        const auto* entry = find_config(broker_configs(), change.name);
        if (!entry || change.operation == ConfigOperation::erase) continue;   // what is not set may be erased
        if (entry->read_only()) fixed.push_back(change.name);
        if (per_listener_only(*entry)) listener.push_back(change.name);
        if (broker.empty() && per_broker_only(*entry)) own.push_back(change.name);
    }
    const auto say = [](std::string_view what, const std::vector<std::string_view>& names) {
        return ConfigRefusal{ErrorCode::invalid_request, std::string(what) + ": [" + joined(names, ", ") + "]"};
    };
    if (!fixed.empty()) return say("Cannot update these configs dynamically", fixed);
    if (!listener.empty())
        return say("These security configs can be dynamically updated only per-listener using the listener prefix", listener);
    if (!own.empty()) return say("Cannot update these configs at default cluster level, broker id must be specified", own);
    return std::nullopt;
}

std::optional<ConfigRefusal> insync_fault(std::string_view broker, const Settings& now, const Settings& then) {
    constexpr std::string_view name = "min.insync.replicas";
    const auto had = now.find(name), has = then.find(name);
    if (broker.empty() && had != now.end() && has == then.end())
        return ConfigRefusal{ErrorCode::invalid_config,
                             "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."};
    if (!broker.empty() && has != then.end())
        return ConfigRefusal{ErrorCode::invalid_config,
                             "Broker-level min.insync.replicas cannot be altered while ELR is enabled."};
    return std::nullopt;
}

// ---- loggers ----

constexpr std::string_view the_logger = "root";   // Kafka has one for each of its Java classes

Altered altered_logger(const Settings& now, std::span<const ConfigChange> changes) {
    constexpr std::string_view levels[] = {"DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"};
    auto then = now;
    for (const auto& change : changes) {
        const std::string name{change.name};
        if (change.operation == ConfigOperation::append || change.operation == ConfigOperation::subtract)
            return refused(ErrorCode::invalid_request,
                           name_of(change.operation) + " operation is not allowed for the BROKER_LOGGER resource");
        if (name != the_logger) return refused(ErrorCode::invalid_config, "Logger " + name + " does not exist!");
        if (change.operation == ConfigOperation::erase)
            return refused(ErrorCode::invalid_request, "Removing the log level of the root logger is not allowed");
        if (std::ranges::find(levels, *change.value) == std::end(levels))
            return refused(ErrorCode::invalid_config, "Cannot set the log level of " + name + " to " +
                                                          std::string(*change.value) +
                                                          " as it is not a supported log level. Valid log levels are DEBUG, "
                                                          "ERROR, FATAL, INFO, TRACE, WARN");
        then[name] = *change.value;
    }
    return then;
}

std::optional<ConfigRefusal> whole_fault(const Configs& configs, const AlteredResource& resource, const Settings& then,
                                         bool elr) {
    switch (resource.type) {
        case ConfigResource::topic:
            if (auto conflict = topic_conflict(then)) return ConfigRefusal{ErrorCode::invalid_config, std::move(conflict)};
            return std::nullopt;
        case ConfigResource::broker:
            return elr ? insync_fault(resource.name, resource.now, then) : std::nullopt;
        case ConfigResource::group:
            return group_fault(configs, then);
        case ConfigResource::client_metrics:
            return client_metrics_fault(then);
        case ConfigResource::logger:
            break;
    }
    return std::nullopt;
}

}   // namespace

std::optional<ConfigRefusal> list_fault(ConfigResource type, std::span<const ConfigChange> changes) {
    for (const auto& change : changes)
        if (auto fault = list_fault(type, change, find_config(entries_of(type), change.name))) return fault;
    return std::nullopt;
}

Altered altered(const Configs& configs, const AlteredResource& resource, std::span<const ConfigChange> changes, bool elr) {
    if (resource.type == ConfigResource::logger) return altered_logger(resource.now, changes);
    const auto entries = entries_of(resource.type);
    if (auto fault = list_fault(resource.type, changes)) return std::unexpected{std::move(*fault)};
    for (const auto& change : changes)
        if (change.operation != ConfigOperation::erase && !find_config(entries, change.name))
            if (auto fault = unknown_fault(resource.type, change.name)) return std::unexpected{std::move(*fault)};
    if (resource.type == ConfigResource::broker)
        if (auto fault = broker_fault(resource.name, changes)) return std::unexpected{std::move(*fault)};
    auto then = resource.replaced ? Settings{} : resource.now;
    for (const auto& change : changes) {
        if (change.operation == ConfigOperation::erase) {
            if (const auto found = then.find(change.name); found != then.end()) then.erase(found);
            continue;
        }
        const auto* entry = find_config(entries, change.name);
        if (!entry) {   // a broker's
            then[std::string(change.name)] = *change.value;
            continue;
        }
        std::string value{*change.value};
        if (change.operation != ConfigOperation::set) {
            const auto found = then.find(change.name);
            const std::string_view list = found != then.end() ? std::string_view{found->second}
                                          : entry->stock      ? entry->stock
                                                              : "";
            value = relisted(list, value, change.operation == ConfigOperation::append);
        }
        if (auto fault = config_fault(*entry, value))
            return refused(resource.type == ConfigResource::broker ? ErrorCode::invalid_request : ErrorCode::invalid_config,
                           std::move(fault));
        then[std::string(change.name)] = config_form(*entry, value);
    }
    if (auto fault = whole_fault(configs, resource, then, elr)) return std::unexpected{std::move(*fault)};
    if (then.size() > most_settings)
        return refused(ErrorCode::invalid_config, "More settings than a resource may have: " + std::to_string(most_settings));
    return then;
}

}   // namespace sluice::kafka
