// What the values of settings may be, and what is said of others. Seen: what Kafka 4.4.0 refuses at CreateTopics, and its texts.
#include "emulator/kafka/configs/config_values.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/security/principal_names.h"

namespace sluice::kafka {

namespace {

// What a value may be beyond its type. Kafka, ConfigDef of topics and brokers.
struct Choice {
    std::string_view name, allowed;
};
constexpr Choice choices[] = {
    {"cleanup.policy", "compact, delete"},
    {"log.cleanup.policy", "compact, delete"},
    {"ssl.client.auth", "required, requested, none"},
    {"compression.type", "uncompressed, zstd, lz4, snappy, gzip, producer"},
    {"message.timestamp.type", "CreateTime, LogAppendTime"},
    {"log.message.timestamp.type", "CreateTime, LogAppendTime"},
    {"share.isolation.level", "read_committed, read_uncommitted"},
    {"sluice.sealed.produce", "refuse, forward"},   // ours, rule 15
};
struct Range {
    std::string_view name;
    std::int64_t least, most = std::numeric_limits<std::int64_t>::max();
};
constexpr Range ranges[] = {
    {"background.threads", 1},
    {"compression.lz4.level", 1, 17},
    {"compression.zstd.level", -131'072, 22},
    {"connection.failed.authentication.delay.ms", 0},
    {"connections.max.idle.ms", -1},
    {"consumer.assignment.interval.ms", 0},
    {"consumer.heartbeat.interval.ms", 1},
    {"consumer.session.timeout.ms", 1},
    {"controller.quota.window.num", 1},
    {"controller.quota.window.size.seconds", 1},
    {"delegation.token.expiry.time.ms", 1},
    {"delegation.token.max.lifetime.ms", 1},
    {"delete.retention.ms", 0},
    {"file.delete.delay.ms", 0},
    {"flush.messages", 1},
    {"flush.ms", 0},
    {"group.consumer.assignment.interval.ms", 0},
    {"group.consumer.heartbeat.interval.ms", 1},
    {"group.consumer.max.size", 1},
    {"group.consumer.session.timeout.ms", 1},
    {"group.max.size", 1},
    {"group.min.session.timeout.ms", 1},
    {"group.streams.assignment.interval.ms", 0},
    {"group.streams.heartbeat.interval.ms", 1},
    {"group.streams.initial.rebalance.delay.ms", 0},
    {"group.streams.max.size", 1},
    {"group.streams.num.standby.replicas", 0},
    {"group.streams.session.timeout.ms", 1},
    {"index.interval.bytes", 0},
    {"local.retention.bytes", -2},
    {"local.retention.ms", -2},
    {"log.cleaner.threads", 0},
    {"log.retention.ms", -1},
    {"log.roll.ms", 1},
    {"log.segment.bytes", 1'048'576},
    {"max.connection.creation.rate", 0},
    {"max.connections", 0},
    {"max.connections.per.ip", 0},
    {"max.compaction.lag.ms", 1},
    {"max.decompressed.message.bytes", 1},
    {"max.message.bytes", 0},
    {"message.max.bytes", 0},
    {"message.timestamp.after.max.ms", 0},
    {"message.timestamp.before.max.ms", 0},
    {"min.compaction.lag.ms", 0},
    {"min.insync.replicas", 1},
    {"num.io.threads", 1},
    {"num.network.threads", 1},
    {"num.partitions", 1},
    {"num.recovery.threads.per.data.dir", 1},
    {"quota.window.num", 1},
    {"quota.window.size.seconds", 1},
    {"retention.ms", -1},
    {"segment.bytes", 1'048'576},
    {"segment.index.bytes", 4},
    {"segment.jitter.ms", 0},
    {"segment.ms", 1},
    {"share.assignment.interval.ms", 0},
    {"share.delivery.count.limit", 2},
    {"share.heartbeat.interval.ms", 1},
    {"share.partition.max.record.locks", 100},
    {"share.record.lock.duration.ms", 1'000},
    {"share.session.timeout.ms", 1},
    {"socket.request.max.bytes", 1},
    {"streams.assignment.interval.ms", 0},
    {"streams.heartbeat.interval.ms", 1},
    {"streams.initial.rebalance.delay.ms", 0},
    {"streams.num.standby.replicas", 0},
    {"streams.session.timeout.ms", 1},
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

// Kafka trims a value before it reads it, and Java reads a plus sign.
std::string_view trimmed(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    return text;
}

bool one_of(std::string_view allowed, std::string_view word) {
    for (auto left = allowed; !left.empty();) {
        const auto end = left.find(", ");
        if (left.substr(0, end) == word) return true;
        left = end == std::string_view::npos ? std::string_view{} : left.substr(end + 2);
    }
    return false;
}

void keep_firsts(std::vector<std::string_view>& words) {
    auto kept = words.begin();
    for (auto at = words.begin(); at != words.end(); ++at)
        if (std::find(words.begin(), kept, *at) == kept) *kept++ = *at;
    words.erase(kept, words.end());
}

// `*`, or PARTITION:BROKER of digits.
bool replica(std::string_view word) {
    const auto digits = [](std::string_view part) {
        return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    };
    const auto colon = word.find(':');
    return colon != std::string_view::npos && digits(word.substr(0, colon)) && digits(word.substr(colon + 1));
}

}   // namespace

std::vector<std::string_view> words_of(std::string_view value) {
    std::vector<std::string_view> words;
    for (auto rest = trimmed(value); !rest.empty();) {
        const auto comma = rest.find(',');
        words.push_back(trimmed(rest.substr(0, comma)));
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
        if (rest.empty()) words.push_back(rest);   // behind the last comma
    }
    return words;
}

std::string joined(std::span<const std::string_view> words, std::string_view between) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) text.append(i == 0 ? "" : between).append(words[i]);
    return text;
}

std::optional<std::int64_t> whole(std::string_view text) {
    text = trimmed(text);
    if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<bool> truth(std::string_view text) {
    std::string word{trimmed(text)};
    std::ranges::transform(word, word.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (word == "true") return true;
    if (word == "false") return false;
    return std::nullopt;
}

namespace {

std::optional<std::string> number_fault(const ConfigEntry& entry, std::int64_t number) {
    const std::string_view name = entry.name;
    const auto wrong = [&](const std::string& why) {
        return "Invalid value " + std::to_string(number) + " for configuration " + entry.name + ": Value must be " + why;
    };
    if (name == "compression.gzip.level" && number != -1 && (number < 1 || number > 9))
        return wrong("between 1 and 9 or equal to -1");
    const auto* range = std::ranges::find(ranges, name, &Range::name);
    if (range == std::end(ranges)) return std::nullopt;
    if (number < range->least) return wrong("at least " + std::to_string(range->least));
    if (number > range->most) return wrong("no more than " + std::to_string(range->most));
    return std::nullopt;
}

// As Java reads a double: a sign, decimal digits and an exponent, a letter behind it that says which type. What is too small is
// 0; what is no number, by its name too, is none here.
std::optional<double> real_number(std::string_view text) {
    text = trimmed(text);
    if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
    if (text.size() > 1 && std::string_view{"fFdD"}.contains(text.back())) text.remove_suffix(1);
    if (text.find_first_not_of("+-.eE0123456789") != std::string_view::npos) return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range)
        return text.contains("e-") || text.contains("E-") ? std::optional{0.0} : std::nullopt;
    return number;
}

// As Java shows a double: always with a point, and with an exponent when it is smaller than a thousandth or has eight digits.
std::string java_form(double number) {
    constexpr double least = 1e-3, most = 1e7;
    const auto size = std::abs(number);
    const bool plain = size == 0 || (size >= least && size < most);
    char room[64];
    const auto [end, error] =
        std::to_chars(room, room + sizeof room, number, plain ? std::chars_format::fixed : std::chars_format::scientific);
    std::string text{room, end};
    const auto exponent = plain ? text.size() : text.find('e');
    auto digits = text.substr(0, exponent);
    if (!digits.contains('.')) digits += ".0";
    if (plain) return digits;
    const auto power = text.substr(exponent + 1);
    return digits + "E" + (power.front() == '-' ? "-" : "") + std::to_string(std::abs(std::atoi(power.c_str())));
}

std::optional<std::string> real_fault(const ConfigEntry& entry, std::string_view text) {
    const std::string start = "Invalid value ", of = std::string(" for configuration ") + entry.name + ": ";
    const auto number = real_number(text);
    if (!number) return start + std::string(text) + of + "Not a number of type DOUBLE";
    const std::string_view name = entry.name;
    if (name != "min.cleanable.dirty.ratio" && name != "log.cleaner.min.cleanable.ratio") return std::nullopt;
    if (*number < 0) return start + java_form(*number) + of + "Value must be at least 0";
    if (*number > 1) return start + java_form(*number) + of + "Value must be no more than 1";
    return std::nullopt;
}

// earliest, latest, or by_duration: and an ISO 8601 duration of days and less.
bool offset_reset(std::string_view value) {
    constexpr std::string_view by_duration = "by_duration:P";
    if (value == "earliest" || value == "latest") return true;
    if (!value.starts_with(by_duration)) return false;
    value.remove_prefix(by_duration.size());
    constexpr std::string_view units = "DTHMS";
    std::size_t at = 0, digits = 0, parts = 0;   // what comes next, of the part that is read, whole ones so far
    for (const char c : value) {
        if (c >= '0' && c <= '9') {
            ++digits;
        } else if (c == '.' && digits > 0) {
            digits = 0;
        } else {
            const auto unit = units.find(c, at);
            if (unit == std::string_view::npos || (c == 'T') != (digits == 0)) return false;
            at = unit + 1;
            parts += c == 'T' ? 0 : 1;
            digits = 0;
        }
    }
    return parts > 0 && digits == 0 && !value.ends_with('T');
}

constexpr const char* only_assignor = "sticky";   // of Kafka Streams' groups

std::optional<std::string> words_fault(const ConfigEntry& entry, std::string_view value) {
    const std::string name = entry.name;
    const auto wrong = [&](const std::string& shown, const std::string& why) {
        return "Invalid value " + shown + " for configuration " + name + ": " + why;
    };
    if (name == "share.auto.offset.reset" && !offset_reset(value))
        return wrong(std::string(value), "Invalid value `" + std::string(value) + "` for configuration " + name +
                                             ". The value must be either 'earliest', 'latest' or of the format "
                                             "'by_duration:<PnDTnHnMn.nS>'.");
    if (name == "errors.deadletterqueue.topic.name" && value.starts_with("__"))
        return name + ": DLQ topic name must not start with '__'";
    if (name == "ssl.principal.mapping.rules") {
        const auto read = PrincipalNames::read(value);
        if (!read) return wrong(std::string(value), read.error());
    }
    if (name == "max.connections.per.ip.overrides" && !value.empty()) {
        for (const auto word : words_of(value)) {
            const auto colon = word.rfind(':');
            boost::system::error_code no_address;
            if (colon != std::string_view::npos) boost::asio::ip::make_address(std::string(word.substr(0, colon)), no_address);
            if (colon == std::string_view::npos || no_address || whole(word.substr(colon + 1)).value_or(-1) < 0)
                return wrong(std::string(value), "'" + std::string(word) + "' is not ADDRESS:COUNT, like 127.0.0.1:10");
        }
    }
    const auto words = entry.type == ConfigType::list ? words_of(value) : std::vector{value};
    if (name.ends_with(".replication.throttled.replicas")) {
        if (words.size() == 1 && words.front() == "*") return std::nullopt;
        if (!std::ranges::all_of(words, replica))
            return wrong("[" + joined(words, ", ") + "]",
                         name +
                             " must be the literal '*' or a list of replicas in the following format: "
                             "[partitionId]:[brokerId],[partitionId]:[brokerId],...");
        return std::nullopt;
    }
    if (name == "streams.rack.aware.assignment.tags") {
        auto once = words;
        keep_firsts(once);
        if (once.size() < words.size()) return name + " must not contain duplicate tag keys.";
        if (words.size() > 1 && std::ranges::find(words, "") != words.end())
            return "Configuration '" + name + "' values must not be empty.";
    }
    if (name == "streams.assignor.name" && value != only_assignor)
        return name + " '" + std::string(value) + "' is not a registered task assignor. Registered assignors are: [" +
               only_assignor + "].";
    const auto* choice = std::ranges::find(choices, std::string_view{name}, &Choice::name);
    if (choice == std::end(choices)) return std::nullopt;
    for (const auto word : words) {
        if (word.empty() && entry.type == ConfigType::list) return "Configuration '" + name + "' values must not be empty.";
        if (!one_of(choice->allowed, word))
            return wrong(std::string(word), "String must be one of: " + std::string(choice->allowed));
    }
    return std::nullopt;
}

}   // namespace

std::string config_form(const ConfigEntry& entry, std::string_view value) {
    switch (entry.type) {
        case ConfigType::int32:
        case ConfigType::int16:
        case ConfigType::int64:
            return std::to_string(whole(value).value_or(0));
        case ConfigType::boolean:
            return truth(value).value_or(false) ? "true" : "false";
        case ConfigType::real:
            return java_form(real_number(value).value_or(0));
        case ConfigType::text:
            return std::string(trimmed(value));
        case ConfigType::list: {
            auto words = words_of(value);
            if (std::string_view{entry.name}.ends_with("cleanup.policy")) keep_firsts(words);
            return joined(words, ",");
        }
        default:
            return std::string(value);
    }
}

std::optional<std::string> config_fault(const ConfigEntry& entry, std::string_view value) {
    const auto wrong = [&](std::string_view why) {
        return "Invalid value " + std::string(value) + " for configuration " + entry.name + ": " + std::string(why);
    };
    switch (entry.type) {
        case ConfigType::boolean:
            if (!truth(value)) return wrong("Expected value to be either true or false");
            if (std::string_view{entry.name} == "remote.storage.enable" && *truth(value))
                return "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.";
            return std::nullopt;
        case ConfigType::int32:
        case ConfigType::int16:
        case ConfigType::int64: {
            const auto number = whole(value);
            const bool fits = number && (entry.type == ConfigType::int64 ||
                                         (entry.type == ConfigType::int32 && *number == static_cast<std::int32_t>(*number)) ||
                                         *number == static_cast<std::int16_t>(*number));
            if (!fits) return wrong("Not a number of type " + std::string(type_name(entry.type)));
            return number_fault(entry, *number);
        }
        case ConfigType::real:
            return real_fault(entry, value);
        case ConfigType::text:
            return words_fault(entry, trimmed(value));
        default:
            return words_fault(entry, value);
    }
}

}   // namespace sluice::kafka
