// A change of a topic is one of its stream; of a group or another resource it is a kept value. A change of the broker's
// retention, or of how it compacts, also is one of all topics that have none of their own, in the same unit.
#include "emulator/kafka/configs/altering.h"

#include <algorithm>
#include <charconv>

#include "emulator/kafka/configs/config_values.h"
#include "emulator/kafka/configs/log_settings.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/topics.h"

namespace sluice::kafka {

namespace {

AlteredOrNot refused_alteration(ErrorCode code, std::optional<std::string> text) {
    return {.code = code, .text = std::move(text), .ticket = {}};
}
AlteredOrNot failed_alteration(streams::Fault fault) {
    const auto code = code_of(fault);
    return refused_alteration(code, std::string(text_of(code)));
}

bool elr_is_on(const Call& call) { return call.broker.features.level("eligible.leader.replicas.version") > 0; }

// What is wrong with the id of a broker or of a logger's node.
std::optional<ConfigRefusal> node_fault(const Call& call, const AskedAlteration& asked) {
    const bool logger = asked.type == static_cast<std::int8_t>(ConfigResource::logger);
    if (asked.name.empty() && !logger) return std::nullopt;   // all brokers
    std::int32_t id = 0;
    const auto* last = asked.name.data() + asked.name.size();
    const auto [end, error] = std::from_chars(asked.name.data(), last, id);
    const std::string name{asked.name};
    if (error != std::errc{} || end != last)
        return ConfigRefusal{ErrorCode::invalid_request, "Node id must be an integer, but it is: " + name};
    const auto node = std::to_string(call.broker.options.node_id);
    if (id == call.broker.options.node_id) return std::nullopt;
    return ConfigRefusal{ErrorCode::invalid_request, logger
                                                         ? "Unexpected node id. Expected " + node + ", but received " + name
                                                         : "Unexpected broker id, expected " + node + ", but received " + name};
}

// ---- topics ----

bool names(std::span<const ConfigChange> changes, std::string_view name) {
    return std::ranges::any_of(changes, [&](const ConfigChange& change) { return change.name == name; });
}

// Retention and size as the settings say; where they say nothing, as a stream of its kind has them from the start. Retention that
// the Kinesis door set stays when it is not named.
streams::Engine::Settings settings_of(Call& call, const streams::Stream& stream, const Settings& then, bool retention_named) {
    const auto& configs = call.broker.configs;
    streams::Engine::Settings wanted;
    wanted.configs = {then.begin(), then.end()};
    const auto read = [&](std::string_view name) -> std::optional<std::int64_t> {
        const auto found = then.find(name);
        return found == then.end() ? std::nullopt : whole(found->second);
    };
    const auto not_negative = [](std::int64_t number) { return number < 0 ? std::nullopt : std::optional{number}; };
    wanted.retention = stream.retention;
    if (const auto ms = read("retention.ms")) {
        wanted.retention.reset();
        if (*ms >= 0) wanted.retention = milliseconds{*ms};
    } else if (retention_named) {
        wanted.retention = stream.kinesis_manners() ? std::chrono::hours{24} : configs.default_retention(&call.world);
    }
    if (const auto bytes = read("retention.bytes"))
        wanted.retention_bytes = not_negative(*bytes);
    else if (!stream.kinesis_manners())
        wanted.retention_bytes = configs.default_retention_bytes(&call.world);
    streams::Stream imagined;
    imagined.world = &call.world;
    imagined.manners = stream.manners;
    imagined.configs = wanted.configs;
    wanted.compaction = compaction_of(configs, imagined);
    return wanted;
}

AlteredOrNot alter_topic(Call& call, const AskedAlteration& asked, std::span<const ConfigChange> changes) {
    if (auto fault = list_fault(ConfigResource::topic, changes)) return refused_alteration(fault->code, std::move(fault->text));
    if (asked.name.empty()) return refused_alteration(ErrorCode::invalid_request, "Default topic resources are not allowed.");
    if (auto fault = name_fault(asked.name)) return refused_alteration(ErrorCode::invalid_topic_exception, std::move(fault));
    const auto stream = topic(call, asked.name);
    const auto now = stream ? Settings{stream->configs.begin(), stream->configs.end()} : Settings{};
    auto then =
        altered(call.broker.configs, {.type = ConfigResource::topic, .name = asked.name, .now = now, .replaced = asked.replace},
                changes, elr_is_on(call));
    if (!then) return refused_alteration(then.error().code, std::move(then.error().text));
    if (!stream)   // seen on Kafka 4.4.0: what is wrong with the settings is told first
        return refused_alteration(ErrorCode::unknown_topic_or_partition,
                                  "The topic '" + std::string(asked.name) + "' does not exist.");
    if (stream->kinesis_manners())
        if (auto fault = kinesis_stream_fault(*then)) return refused_alteration(ErrorCode::invalid_config, std::move(fault));
    if (asked.validate_only) return {};
    const auto wanted = settings_of(call, *stream, *then, asked.replace || names(changes, "retention.ms"));
    const auto changed = call.engine.set_settings(*stream, wanted);
    if (!changed) return failed_alteration(changed.error());
    return {.code = {}, .text = {}, .ticket = *changed};
}

// ---- the rest ----

// What Kafka sets for all brokers of a new cluster while eligible leader replicas are on.
Settings with_implied(const Call& call, Settings settings) {
    constexpr std::string_view implied = "min.insync.replicas";
    if (!elr_is_on(call) || settings.contains(implied)) return settings;
    settings[std::string(implied)] = std::to_string(call.broker.configs.number(implied));
    return settings;
}

// Topics that have the broker's retention: those that say nothing and have what it was.
streams::Result<void> hand_down_retention(Call& call, std::optional<milliseconds> age_before,
                                          std::optional<std::int64_t> bytes_before) {
    const auto age = call.broker.configs.default_retention(&call.world);
    const auto bytes = call.broker.configs.default_retention_bytes(&call.world);
    if (age == age_before && bytes == bytes_before) return {};
    for (const auto& stream : call.engine.list(call.world)) {
        if (stream->kinesis_manners() || stream->deleted) continue;
        const bool by_age = !stream->configs.contains("retention.ms") && stream->retention == age_before;
        const bool by_bytes = !stream->configs.contains("retention.bytes") && stream->retention_bytes == bytes_before;
        streams::Engine::Settings wanted{.configs = stream->configs,
                                         .retention = by_age ? age : stream->retention,
                                         .retention_bytes = by_bytes ? bytes : stream->retention_bytes,
                                         .compaction = stream->compaction};
        if (wanted.retention == stream->retention && wanted.retention_bytes == stream->retention_bytes) continue;
        if (const auto changed = call.engine.set_settings(*stream, std::move(wanted)); !changed)
            return std::unexpected{changed.error()};
    }
    return {};
}

AlteredOrNot alter_kept(Call& call, const AskedAlteration& asked, std::span<const ConfigChange> changes) {
    const auto type = static_cast<ConfigResource>(asked.type);
    auto& dynamic = call.broker.dynamic_configs(call.world);
    auto now = dynamic.of(type, asked.name);
    if (type == ConfigResource::broker && asked.name.empty()) now = with_implied(call, std::move(now));
    auto then = altered(call.broker.configs, {.type = type, .name = asked.name, .now = now, .replaced = asked.replace}, changes,
                        elr_is_on(call));
    if (!then) return refused_alteration(then.error().code, std::move(then.error().text));
    if (asked.validate_only || *then == now) return {};
    const auto age = call.broker.configs.default_retention(&call.world);
    const auto bytes = call.broker.configs.default_retention_bytes(&call.world);
    const auto compaction = compaction_defaults(call.broker.configs, call.world);
    streams::Unit whole{call.engine};   // the setting and what follows from it
    auto ticket = dynamic.set(type, asked.name, std::move(*then));
    call.broker.configs.follow(call.world, dynamic);
    if (type == ConfigResource::broker) {
        if (const auto handed = hand_down_retention(call, age, bytes); !handed) return failed_alteration(handed.error());
        if (compaction_defaults(call.broker.configs, call.world) != compaction)
            if (const auto handed = hand_down_compaction(call.broker.configs, call.engine, call.world); !handed)
                return failed_alteration(handed.error());
        ticket = whole.ticket();
    }
    return {.code = {}, .text = {}, .ticket = std::move(ticket)};
}

}   // namespace

AlteredOrNot alter(Call& call, const AskedAlteration& asked, std::span<const ConfigChange> changes) {
    if (const auto denied = config_refusal(call, asked.type, asked.name); denied != ErrorCode::none)
        return refused_alteration(denied, std::string(text_of(denied)));
    if (auto fault = form_fault(changes)) return refused_alteration(fault->code, std::move(fault->text));
    switch (static_cast<ConfigResource>(asked.type)) {
        case ConfigResource::topic:
            return alter_topic(call, asked, changes);
        case ConfigResource::logger:
            if (asked.replace) break;
            [[fallthrough]];
        case ConfigResource::broker:
            if (auto fault = node_fault(call, asked)) return refused_alteration(fault->code, std::move(fault->text));
            return alter_kept(call, asked, changes);
        case ConfigResource::client_metrics:
            if (asked.name.empty()) return refused_alteration(ErrorCode::invalid_request, "Subscription name can't be empty");
            return alter_kept(call, asked, changes);
        case ConfigResource::group:
            if (asked.name.empty())
                return refused_alteration(ErrorCode::invalid_request, "Default group resources are not allowed.");
            return alter_kept(call, asked, changes);
    }
    return refused_alteration(ErrorCode::invalid_request, "Unknown resource type " + std::to_string(asked.type));
}

Task<void> finish(AlteredOrNot& done) {
    const auto stored = co_await done.ticket.committed();
    if (stored) co_return;
    done.code = code_of(stored.error());
    done.text = std::string(text_of(done.code));
}

}   // namespace sluice::kafka
