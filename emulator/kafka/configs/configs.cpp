// Looks settings up and finds the nearest name for one that does not exist.
#include "emulator/kafka/configs/configs.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "emulator/kafka/configs/config_values.h"
#include "storage/store.h"

namespace sluice::kafka {

namespace {

// What the properties file of a node like this one would say. A local server is used by tests that should not wait, so the first
// assignment of a new group comes at once.
constexpr std::pair<std::string_view, std::string_view> ours[] = {
    {"controller.listener.names", "CONTROLLER"},
    {"group.initial.rebalance.delay.ms", "0"},
    {"inter.broker.listener.name", "PLAINTEXT"},
    {"offsets.topic.replication.factor", "1"},
    {"process.roles", "broker,controller"},
    {"share.coordinator.state.topic.min.isr", "1"},
    {"share.coordinator.state.topic.replication.factor", "1"},
    {"transaction.state.log.min.isr", "1"},
    {"transaction.state.log.replication.factor", "1"},
};

// A fresh 4.4 cluster sets it for all brokers, because eligible leader replicas are on.
constexpr std::string_view cluster_wide = "min.insync.replicas";

std::size_t distance(std::string_view a, std::string_view b) {   // Levenshtein
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}   // namespace

const ConfigEntry* find_config(std::span<const ConfigEntry> table, std::string_view name) {
    const auto found = std::ranges::lower_bound(table, name, {}, [](const ConfigEntry& e) { return std::string_view{e.name}; });
    return found != table.end() && found->name == name ? &*found : nullptr;
}

Configs::Configs(const std::map<std::string, std::string>& set, std::int32_t node_id) {
    for (const auto& [name, value] : ours) set_.emplace(name, value);
    for (const auto& [name, value] : set) {
        const auto* entry = find_config(broker_configs(), name);
        if (!entry) {
            const auto nearest =
                std::ranges::min_element(broker_configs(), {}, [&](const ConfigEntry& e) { return distance(e.name, name); });
            throw storage::StartError("Kafka has no broker setting '" + name + "'; did you mean '" + nearest->name + "'?");
        }
        if (const auto fault = config_fault(*entry, value)) throw storage::StartError("--kafka-config: " + *fault);
        set_.insert_or_assign(name, value);
    }
    for (const auto* name : {"node.id", "broker.id"}) set_.insert_or_assign(name, std::to_string(node_id));
    const streams::Stream plain;
    plain_rules_ = read_rules(plain);
}

std::vector<ConfigOrigin> Configs::broker_origins(std::string_view name) const {
    std::vector<ConfigOrigin> origins;
    const auto* entry = find_config(broker_configs(), name);
    if (!entry) return origins;
    const auto set = set_.find(name);
    if (name == cluster_wide)
        origins.push_back({entry->name, set != set_.end() ? set->second : entry->stock, ConfigSource::cluster});
    if (set != set_.end()) origins.push_back({entry->name, set->second, ConfigSource::fixed});
    if (entry->stock) origins.push_back({entry->name, entry->stock, ConfigSource::stock});
    return origins;
}

std::vector<ConfigOrigin> Configs::topic_origins(const streams::Stream& stream, const ConfigEntry& entry) const {
    std::vector<ConfigOrigin> origins;
    if (auto value = topic(stream, entry); value.source == ConfigSource::topic)
        origins.push_back({entry.name, std::move(value.value).value_or(""), ConfigSource::topic});
    if (entry.from) std::ranges::move(broker_origins(entry.from), std::back_inserter(origins));
    return origins;
}

ConfigValue Configs::broker(const ConfigEntry& entry) const {
    auto origins = broker_origins(entry.name);
    if (origins.empty()) return {std::nullopt, ConfigSource::stock};
    return {std::move(origins.front().value), origins.front().source};
}

std::vector<ConfigOrigin> Configs::group_origins(const ConfigEntry& entry) const {
    auto origins = broker_origins(entry.from);
    if (origins.empty()) origins.push_back({entry.from, entry.stock, ConfigSource::stock});
    return origins;
}

ConfigValue Configs::topic_default(const ConfigEntry& entry) const {
    if (std::string_view{entry.name} == "retention.ms") {
        const auto span = default_retention();
        return {std::to_string(span ? span->count() : -1),
                set_.contains("log.retention.ms") ? ConfigSource::fixed : ConfigSource::stock};
    }
    const bool cluster = entry.from && entry.from == cluster_wide;
    if (const auto set = entry.from ? set_.find(std::string_view{entry.from}) : set_.end(); set != set_.end())
        return {set->second, cluster ? ConfigSource::cluster : ConfigSource::fixed};
    if (!entry.stock) return {std::nullopt, ConfigSource::stock};
    return {entry.stock, cluster ? ConfigSource::cluster : ConfigSource::stock};
}

ConfigValue Configs::topic(const streams::Stream& stream, const ConfigEntry& entry) const {
    const std::string_view name = entry.name;
    auto fallback = topic_default(entry);
    if (name == "retention.ms") {   // one value with the stream's retention (rule 18)
        auto value = std::to_string(stream.retention ? stream.retention->count() : -1);
        if (!stream.configs.contains("retention.ms") && value == fallback.value) return fallback;
        return {std::move(value), ConfigSource::topic};
    }
    if (const auto found = stream.configs.find(std::string(name)); found != stream.configs.end()) {
        return {found->second, ConfigSource::topic};
    }
    return fallback;
}

std::int64_t Configs::number(std::string_view name) const {
    const auto* entry = find_config(broker_configs(), name);
    return whole(broker(*entry).value.value_or("")).value_or(0);
}
bool Configs::flag(std::string_view name) const {
    return truth(broker(*find_config(broker_configs(), name)).value.value_or("")).value_or(false);
}
std::int64_t Configs::topic_number(const streams::Stream& stream, std::string_view name) const {
    if (const auto found = stream.configs.empty() ? stream.configs.end() : stream.configs.find(std::string(name));
        found != stream.configs.end()) {
        return whole(found->second).value_or(0);
    }
    return whole(topic_default(*find_config(topic_configs(), name)).value.value_or("")).value_or(0);
}
std::string Configs::topic_text(const streams::Stream& stream, std::string_view name) const {
    return topic(stream, *find_config(topic_configs(), name)).value.value_or("");
}

Configs::ProduceRules Configs::read_rules(const streams::Stream& stream) const {
    return {.max_message_bytes = topic_number(stream, "max.message.bytes"),
            .before_max_ms = topic_number(stream, "message.timestamp.before.max.ms"),
            .after_max_ms = topic_number(stream, "message.timestamp.after.max.ms"),
            .compacted = topic_text(stream, "cleanup.policy").contains("compact"),
            .log_append_time = topic_text(stream, "message.timestamp.type") == "LogAppendTime",
            .forwards = topic_text(stream, "sluice.sealed.produce") == "forward"};
}
Configs::ProduceRules Configs::produce_rules(const streams::Stream& stream) const {
    return stream.configs.empty() ? plain_rules_ : read_rules(stream);
}

std::optional<milliseconds> Configs::default_retention() const {
    const auto read = [&](std::string_view name) -> std::optional<std::int64_t> {
        const auto found = set_.find(name);
        return found == set_.end() ? std::nullopt : whole(found->second);
    };
    const auto ms = read("log.retention.ms");
    const auto minutes = read("log.retention.minutes"), hours = read("log.retention.hours");
    const std::int64_t value = ms        ? *ms
                               : minutes ? (*minutes < 0 ? -1 : *minutes * 60'000)
                               : hours   ? (*hours < 0 ? -1 : *hours * 3'600'000)
                                         : streams::default_topic_retention_ms;
    if (value < 0) return std::nullopt;
    return milliseconds{value};
}

std::optional<std::int64_t> Configs::default_retention_bytes() const {
    const auto value = number("log.retention.bytes");
    return value < 0 ? std::nullopt : std::optional{value};
}

}   // namespace sluice::kafka
