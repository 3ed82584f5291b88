// Looks settings up, checks values and finds the nearest name for one that does not exist.
#include "emulator/kafka/configs/configs.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "storage/store.h"

namespace sluice::kafka {

namespace {

// A local server is used by tests that should not wait: the first assignment of a new group comes at once.
constexpr std::pair<std::string_view, std::string_view> ours[] = {{"group.initial.rebalance.delay.ms", "0"}};

// What a value may be beyond its type. Kafka, ConfigDef of topics and brokers.
struct Choice {
    std::string_view name, allowed;
};
constexpr Choice choices[] = {
    {"cleanup.policy", "compact, delete"},
    {"log.cleanup.policy", "compact, delete"},
    {"compression.type", "uncompressed, zstd, lz4, snappy, gzip, producer"},
    {"message.timestamp.type", "CreateTime, LogAppendTime"},
    {"log.message.timestamp.type", "CreateTime, LogAppendTime"},
    {"sluice.sealed.produce", "refuse, forward"},   // ours, rule 15
};
struct Least {
    std::string_view name;
    std::int64_t value;
};
constexpr Least least[] = {
    {"num.partitions", 1},
    {"max.message.bytes", 0},
    {"message.max.bytes", 0},
    {"retention.ms", -1},
    {"log.retention.ms", -1},
    {"segment.bytes", 1'048'576},
    {"min.insync.replicas", 1},
    {"group.min.session.timeout.ms", 1},
    {"group.max.size", 1},
    {"socket.request.max.bytes", 1},
    {"message.timestamp.before.max.ms", 0},
    {"message.timestamp.after.max.ms", 0},
};

std::string_view type_name(ConfigType type) {
    switch (type) {
        case ConfigType::boolean:
            return "BOOLEAN";
        case ConfigType::int32:
            return "INT";
        case ConfigType::int16:
            return "SHORT";
        case ConfigType::int64:
            return "LONG";
        case ConfigType::real:
            return "DOUBLE";
        case ConfigType::list:
            return "LIST";
        case ConfigType::class_name:
            return "CLASS";
        case ConfigType::password:
            return "PASSWORD";
        case ConfigType::text:
            break;
    }
    return "STRING";
}

std::optional<std::int64_t> whole(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

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

std::optional<std::string> config_fault(const ConfigEntry& entry, std::string_view value) {
    const auto wrong = [&](std::string_view why) {
        return "Invalid value " + std::string(value) + " for configuration " + entry.name + ": " + std::string(why);
    };
    const auto not_a = [&] { return wrong("Not a number of type " + std::string(type_name(entry.type))); };
    switch (entry.type) {
        case ConfigType::boolean:
            if (value != "true" && value != "false") return wrong("Expected value to be either true or false");
            return std::nullopt;
        case ConfigType::int32:
        case ConfigType::int16:
        case ConfigType::int64: {
            const auto number = whole(value);
            if (!number) return not_a();
            if (entry.type == ConfigType::int32 && *number != static_cast<std::int32_t>(*number)) return not_a();
            if (entry.type == ConfigType::int16 && *number != static_cast<std::int16_t>(*number)) return not_a();
            for (const auto& [name, at_least] : least) {
                if (name == entry.name && *number < at_least) return wrong("Value must be at least " + std::to_string(at_least));
            }
            return std::nullopt;
        }
        case ConfigType::real: {
            double number = 0;
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
            if (error != std::errc{} || end != value.data() + value.size()) return not_a();
            return std::nullopt;
        }
        default:
            break;
    }
    for (const auto& [name, allowed] : choices) {
        if (name != entry.name) continue;
        // One of the list; a LIST setting may name several, or none.
        std::string_view rest = value;
        while (!rest.empty() || entry.type != ConfigType::list) {
            const auto comma = entry.type == ConfigType::list ? rest.find(',') : std::string_view::npos;
            const auto word = rest.substr(0, comma);
            bool known = false;
            for (std::string_view left = allowed; !left.empty() && !known;) {
                const auto end = left.find(", ");
                known = left.substr(0, end) == word;
                left = end == std::string_view::npos ? std::string_view{} : left.substr(end + 2);
            }
            if (!known) return wrong("String must be one of: " + std::string(allowed));
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return std::nullopt;
}

Configs::Configs(const std::map<std::string, std::string>& set) {
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
    const streams::Stream plain;
    plain_rules_ = read_rules(plain);
}

ConfigValue Configs::broker(const ConfigEntry& entry) const {
    if (const auto found = set_.find(std::string_view{entry.name}); found != set_.end()) {
        return {found->second, ConfigSource::fixed};
    }
    if (!entry.stock) return {std::nullopt, ConfigSource::stock};
    return {entry.stock, ConfigSource::stock};
}

ConfigValue Configs::topic_default(const ConfigEntry& entry) const {
    if (std::string_view{entry.name} == "retention.ms") {
        const auto span = default_retention();
        const bool set =
            set_.contains("log.retention.ms") || set_.contains("log.retention.minutes") || set_.contains("log.retention.hours");
        return {std::to_string(span ? span->count() : -1), set ? ConfigSource::fixed : ConfigSource::stock};
    }
    for (const char* synonym : entry.synonyms) {
        if (!synonym) continue;
        if (const auto found = set_.find(std::string_view{synonym}); found != set_.end())
            return {found->second, ConfigSource::fixed};
    }
    if (!entry.stock) return {std::nullopt, ConfigSource::stock};
    return {entry.stock, ConfigSource::stock};
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
bool Configs::flag(std::string_view name) const { return broker(*find_config(broker_configs(), name)).value == "true"; }
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
