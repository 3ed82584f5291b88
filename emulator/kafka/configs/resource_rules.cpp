// What the settings of one resource may be together: of topics, of streams with Kinesis' manners, of groups, of client-metrics
// subscriptions. Texts as seen on Kafka 4.4.0, but for the streams'.
#include <algorithm>
#include <limits>

#include "emulator/kafka/configs/alteration.h"
#include "emulator/kafka/configs/config_values.h"

namespace sluice::kafka {

namespace {

std::optional<std::int64_t> number_in(const Settings& settings, std::string_view name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::nullopt : whole(found->second);
}

constexpr std::string_view client_words[] = {"client_instance_id",    "client_id",
                                             "client_software_name",  "client_software_version",
                                             "client_source_address", "client_source_port"};

// A word, '=' and a regular expression; of that only its brackets are looked at.
bool good_pattern(std::string_view pattern) {
    const auto equals = pattern.find('=');
    if (equals == std::string_view::npos || std::ranges::find(client_words, pattern.substr(0, equals)) == std::end(client_words))
        return false;
    int round = 0;
    bool square = false;
    const auto expression = pattern.substr(equals + 1);
    for (std::size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        if (c == '\\') {
            ++i;
        } else if (square) {
            square = c != ']';
        } else {
            square = c == '[';
            round += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (round < 0) return false;
        }
    }
    return !square && round == 0;
}

}   // namespace

std::optional<std::string> topic_conflict(const Settings& settings) {
    const auto least = number_in(settings, "min.compaction.lag.ms").value_or(0);
    const auto most = number_in(settings, "max.compaction.lag.ms").value_or(std::numeric_limits<std::int64_t>::max());
    if (least <= most) return std::nullopt;
    return "conflict topic config setting min.compaction.lag.ms (" + std::to_string(least) + ") > max.compaction.lag.ms (" +
           std::to_string(most) + ")";
}

std::optional<std::string> kinesis_stream_fault(const Settings& settings) {
    constexpr std::int64_t hour_ms = 3'600'000, least_hours = 24, most_hours = 8'760;   // AWS API, RetentionPeriodHours
    if (const auto ms = number_in(settings, "retention.ms");
        ms && (*ms % hour_ms != 0 || *ms / hour_ms < least_hours || *ms / hour_ms > most_hours))
        return "The topic is a Kinesis stream: its retention.ms is a whole number of hours from 24 to 8760";
    if (const auto policy = settings.find("cleanup.policy"); policy != settings.end() && policy->second != "delete")
        return "The topic is a Kinesis stream: its cleanup.policy is delete";
    if (const auto bytes = number_in(settings, "retention.bytes"); bytes && *bytes >= 0)
        return "The topic is a Kinesis stream: its retention.bytes is -1";
    return std::nullopt;
}

std::optional<ConfigRefusal> group_fault(const Configs& configs, const Settings& settings) {
    const auto wrong = [](const std::string& text) { return ConfigRefusal{ErrorCode::invalid_config, text}; };
    for (const auto& [name, value] : settings) {
        const auto number = whole(value);
        const auto* most = group_bound(name, "max");
        if (!number || !most) continue;
        const auto* least = group_bound(name, "min");
        const auto up_to = configs.number(most->name);
        if (!least && *number > up_to) return wrong(name + " must be less than or equal to " + std::to_string(up_to));
        if (!least) continue;
        const auto from = configs.number(least->name);
        if (*number < from || *number > up_to)
            return wrong(name + " must be in the range " + std::to_string(from) + " to " + std::to_string(up_to) + " inclusive.");
    }
    for (const std::string kind : {"consumer", "share", "streams"}) {
        const auto session = number_in(settings, kind + ".session.timeout.ms");
        const auto heartbeat = number_in(settings, kind + ".heartbeat.interval.ms");
        const auto or_default = [&](const std::optional<std::int64_t>& set, const std::string& name) {
            return set ? *set : configs.number("group." + kind + name);
        };
        if ((session || heartbeat) &&
            or_default(session, ".session.timeout.ms") <= or_default(heartbeat, ".heartbeat.interval.ms"))
            return wrong(kind + ".session.timeout.ms must be greater than " + kind + ".heartbeat.interval.ms");
    }
    return std::nullopt;
}

std::optional<ConfigRefusal> client_metrics_fault(const Settings& settings) {
    if (const auto interval = number_in(settings, "interval.ms"); interval && (*interval < 100 || *interval > 3'600'000))
        return ConfigRefusal{
            ErrorCode::invalid_request,
            "Invalid value " + std::to_string(*interval) + " for interval.ms, interval must be between 100 and 3600000 (1 hour)"};
    if (const auto match = settings.find("match"); match != settings.end())
        for (const auto pattern : words_of(match->second))
            if (!good_pattern(pattern))
                return ConfigRefusal{ErrorCode::invalid_config, "Illegal client matching pattern: " + std::string(pattern)};
    return std::nullopt;
}

}   // namespace sluice::kafka
