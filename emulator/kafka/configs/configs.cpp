// Looks settings up and finds the nearest name for one that does not exist.
#include "emulator/kafka/configs/configs.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <vector>

#include "emulator/kafka/configs/config_values.h"
#include "emulator/streams/engine.h"
#include "storage/store.h"

namespace sluice::kafka {

namespace {

// What the properties file of a node like this one would say. A local server is used by tests that should not wait, so the first
// assignment of a new group comes at once, and a rebalance does not wait for an interval.
constexpr std::pair<std::string_view, std::string_view> ours[] = {
    {"allow.everyone.if.no.acl.found", "true"},
    {"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
    {"connection.failed.authentication.delay.ms", "0"},
    {"controller.listener.names", "CONTROLLER"},
    {"group.consumer.assignment.interval.ms", "0"},
    {"group.consumer.heartbeat.interval.ms", "500"},
    {"group.consumer.min.heartbeat.interval.ms", "100"},
    {"group.consumer.min.session.timeout.ms", "1000"},
    {"group.initial.rebalance.delay.ms", "0"},
    {"group.share.assignment.interval.ms", "0"},
    {"group.share.heartbeat.interval.ms", "500"},
    {"group.share.min.heartbeat.interval.ms", "100"},
    {"group.share.min.session.timeout.ms", "1000"},
    {"group.streams.assignment.interval.ms", "0"},
    {"group.streams.heartbeat.interval.ms", "500"},
    {"group.streams.initial.rebalance.delay.ms", "0"},
    {"group.streams.min.heartbeat.interval.ms", "100"},
    {"group.streams.min.session.timeout.ms", "1000"},
    {"inter.broker.listener.name", "PLAINTEXT"},
    {"log.cleaner.backoff.ms", "1000"},
    {"offsets.topic.replication.factor", "1"},
    {"process.roles", "broker,controller"},
    {"sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-512,SCRAM-SHA-256,OAUTHBEARER,AWS_MSK_IAM"},
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
    node_ = std::to_string(node_id);
    for (const auto* name : {"node.id", "broker.id"}) set_.insert_or_assign(name, node_);
    const streams::Stream plain;
    plain_rules_ = read_rules(plain);
}

void Configs::follow(const World& world, const DynamicConfigs& dynamic) {
    auto& followed = followed_[world.id];
    followed.dynamic = &dynamic;
    streams::Stream plain;
    plain.world = const_cast<World*>(&world);   // which is asked for its number
    followed.plain = read_rules(plain);
}

const Configs::Followed* Configs::followed(const World* world) const {
    if (!world || followed_.empty()) return nullptr;
    const auto found = followed_.find(world->id);
    return found == followed_.end() ? nullptr : &found->second;
}

std::optional<ConfigValue> Configs::changed(const World* world, std::string_view name) const {
    const auto* one = followed(world);
    if (!one || one->dynamic->empty()) return std::nullopt;
    const auto& own = one->dynamic->of(ConfigResource::broker, node_);
    if (const auto found = own.find(name); found != own.end()) return ConfigValue{found->second, ConfigSource::broker};
    const auto& all = one->dynamic->of(ConfigResource::broker, "");
    if (const auto found = all.find(name); found != all.end()) return ConfigValue{found->second, ConfigSource::cluster};
    return std::nullopt;
}

std::vector<ConfigOrigin> Configs::broker_origins(const World* world, std::string_view name) const {
    std::vector<ConfigOrigin> origins;
    const auto* entry = find_config(broker_configs(), name);
    if (!entry) return origins;
    const auto add = [&](const Settings& settings, ConfigSource source) {
        if (const auto found = settings.find(name); found != settings.end())
            origins.push_back({entry->name, found->second, source});
    };
    if (const auto* one = followed(world)) {
        add(one->dynamic->of(ConfigResource::broker, node_), ConfigSource::broker);
        add(one->dynamic->of(ConfigResource::broker, ""), ConfigSource::cluster);
    }
    const auto set = set_.find(name);
    const bool dynamic = !origins.empty();
    if (name == cluster_wide && !(dynamic && origins.back().source == ConfigSource::cluster))
        origins.push_back({entry->name, set != set_.end() ? set->second : entry->stock, ConfigSource::cluster});
    add(set_, ConfigSource::fixed);
    if (entry->stock) origins.push_back({entry->name, entry->stock, ConfigSource::stock});
    if (dynamic && name == "log.retention.ms")
        for (const auto* further : {"log.retention.minutes", "log.retention.hours"})
            std::ranges::move(broker_origins(world, further), std::back_inserter(origins));
    return origins;
}

std::vector<ConfigOrigin> Configs::topic_origins(const streams::Stream& stream, const ConfigEntry& entry) const {
    std::vector<ConfigOrigin> origins;
    if (auto value = topic(stream, entry); value.source == ConfigSource::topic)
        origins.push_back({entry.name, std::move(value.value).value_or(""), ConfigSource::topic});
    if (entry.from) std::ranges::move(broker_origins(stream.world, entry.from), std::back_inserter(origins));
    return origins;
}

ConfigValue Configs::broker(const World* world, const ConfigEntry& entry) const {
    auto origins = broker_origins(world, entry.name);
    if (origins.empty()) return {std::nullopt, ConfigSource::stock};
    return {std::move(origins.front().value), origins.front().source};
}

// Seen on Kafka 4.4.0: the value is said to be stock also where the broker's setting is not.
std::vector<ConfigOrigin> Configs::group_origins(const World* world, std::string_view group, const ConfigEntry& entry) const {
    std::vector<ConfigOrigin> origins;
    if (const auto* one = followed(world)) {
        const auto& settings = one->dynamic->of(ConfigResource::group, group);
        if (const auto found = settings.find(entry.name); found != settings.end())
            origins.push_back({entry.name, found->second, ConfigSource::group});
    }
    auto further = broker_origins(world, entry.from);
    if (further.empty()) further.push_back({entry.from, entry.stock, ConfigSource::stock});
    std::ranges::move(further, std::back_inserter(origins));
    return origins;
}

ConfigValue Configs::group(const World* world, std::string_view group, const ConfigEntry& entry) const {
    auto origins = group_origins(world, group, entry);
    const bool own = origins.front().source == ConfigSource::group;
    return {std::move(origins.front().value), own ? ConfigSource::group : ConfigSource::stock};
}

ConfigValue Configs::topic_default(const World* world, const ConfigEntry& entry) const {
    if (entry.from)
        if (auto value = changed(world, entry.from)) return *value;
    if (std::string_view{entry.name} == "retention.ms") {
        const auto span = default_retention();
        return {std::to_string(span ? span->count() : -1),
                set_.contains("log.retention.ms") ? ConfigSource::fixed : ConfigSource::stock};
    }
    if (std::string_view{entry.name} == "segment.ms" && !set_.contains("log.roll.ms"))
        if (const auto hours = set_.find("log.roll.hours"); hours != set_.end())
            return {std::to_string(whole(hours->second).value_or(0) * 3'600'000), ConfigSource::stock};
    const bool cluster = entry.from && entry.from == cluster_wide;
    if (const auto set = entry.from ? set_.find(std::string_view{entry.from}) : set_.end(); set != set_.end())
        return {set->second, cluster ? ConfigSource::cluster : ConfigSource::fixed};
    if (!entry.stock) return {std::nullopt, ConfigSource::stock};
    return {entry.stock, cluster ? ConfigSource::cluster : ConfigSource::stock};
}

ConfigValue Configs::topic(const streams::Stream& stream, const ConfigEntry& entry) const {
    const std::string_view name = entry.name;
    auto fallback = topic_default(stream.world, entry);
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

std::int64_t Configs::number(const World* world, std::string_view name) const {
    const auto* entry = find_config(broker_configs(), name);
    return whole(broker(world, *entry).value.value_or("")).value_or(0);
}
bool Configs::flag(std::string_view name) const {
    return truth(broker(nullptr, *find_config(broker_configs(), name)).value.value_or("")).value_or(false);
}

const ConfigEntry* group_bound(std::string_view name, std::string_view bound) {
    const auto dot = name.find('.');
    if (dot == std::string_view::npos) return nullptr;
    auto what = name.substr(dot + 1);
    if (what.starts_with("num.")) what.remove_prefix(4);   // group.streams.max.standby.replicas bounds num.standby.replicas
    std::string of_broker = "group.";
    of_broker.append(name.substr(0, dot)).append(".").append(bound).append(".").append(what);
    return find_config(broker_configs(), of_broker);
}

std::int64_t Configs::group_number(const World* world, std::string_view group_name, std::string_view name) const {
    auto value = whole(group_text(world, group_name, name)).value_or(0);
    if (const auto* least = group_bound(name, "min")) value = std::max(value, number(least->name));
    if (const auto* most = group_bound(name, "max")) value = std::min(value, number(most->name));
    return value;
}
std::string Configs::group_text(const World* world, std::string_view group_name, std::string_view name) const {
    return group(world, group_name, *find_config(group_configs(), name)).value.value_or("");
}

std::int64_t Configs::topic_number(const streams::Stream& stream, std::string_view name) const {
    if (const auto found = stream.configs.empty() ? stream.configs.end() : stream.configs.find(std::string(name));
        found != stream.configs.end()) {
        return whole(found->second).value_or(0);
    }
    return whole(topic_default(stream.world, *find_config(topic_configs(), name)).value.value_or("")).value_or(0);
}
std::string Configs::topic_text(const streams::Stream& stream, std::string_view name) const {
    return topic(stream, *find_config(topic_configs(), name)).value.value_or("");
}

Configs::ProduceRules Configs::read_rules(const streams::Stream& stream) const {
    constexpr std::string_view codecs[] = {"uncompressed", "gzip", "snappy", "lz4", "zstd"};   // in the order of batch::Codec
    const auto type = topic_text(stream, "compression.type");
    const auto found = std::ranges::find(codecs, type);
    std::optional<batch::Codec> codec;   // of "producer" there is none
    std::optional<int> level;
    if (found != std::end(codecs)) codec = static_cast<batch::Codec>(found - std::begin(codecs));
    if (codec && find_config(topic_configs(), "compression." + type + ".level"))
        level = static_cast<int>(topic_number(stream, "compression." + type + ".level"));
    return {.max_message_bytes = topic_number(stream, "max.message.bytes"),
            .before_max_ms = topic_number(stream, "message.timestamp.before.max.ms"),
            .after_max_ms = topic_number(stream, "message.timestamp.after.max.ms"),
            .compacted = topic_text(stream, "cleanup.policy").contains("compact"),
            .log_append_time = topic_text(stream, "message.timestamp.type") == "LogAppendTime",
            .forwards = topic_text(stream, "sluice.sealed.produce") == "forward",
            .codec = codec,
            .level = level};
}
Configs::ProduceRules Configs::produce_rules(const streams::Stream& stream) const {
    if (!stream.configs.empty()) return read_rules(stream);
    const auto* one = followed(stream.world);
    return one ? one->plain : plain_rules_;
}

std::optional<milliseconds> Configs::default_retention(const World* world) const {
    if (const auto value = changed(world, "log.retention.ms")) {
        const auto span = whole(value->value.value_or("")).value_or(-1);
        return span < 0 ? std::nullopt : std::optional{milliseconds{span}};
    }
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

std::size_t Configs::most_connections_of(const World* world, std::string_view address) const {
    const auto overrides = broker(world, *find_config(broker_configs(), "max.connections.per.ip.overrides")).value.value_or("");
    for (const auto word : overrides.empty() ? std::vector<std::string_view>{} : words_of(overrides)) {
        const auto colon = word.rfind(':');
        if (word.substr(0, colon) == address) return static_cast<std::size_t>(whole(word.substr(colon + 1)).value_or(0));
    }
    return static_cast<std::size_t>(number(world, "max.connections.per.ip"));
}

std::optional<std::int64_t> Configs::default_retention_bytes(const World* world) const {
    const auto value = number(world, "log.retention.bytes");
    return value < 0 ? std::nullopt : std::optional{value};
}

}   // namespace sluice::kafka
