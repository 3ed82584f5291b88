#include "emulator/kafka/configs/log_settings.h"

#include <charconv>

#include "emulator/kafka/configs/config_values.h"

namespace sluice::kafka {

namespace {

constexpr std::string_view policy_name = "cleanup.policy";

std::optional<std::int64_t> set_number(const streams::Engine::NewStream& wanted, const char* name) {
    const auto found = wanted.configs.find(name);
    return found == wanted.configs.end() ? std::nullopt : whole(found->second);
}
std::optional<std::int64_t> not_negative(std::int64_t number) { return number < 0 ? std::nullopt : std::optional{number}; }

double real_of(const std::string& text) {   // config_fault has read it as one
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool compacts(const Configs& configs, const streams::World* world) {
    return configs.flag("log.cleaner.enable") && configs.number(world, "log.cleaner.threads") > 0;
}
bool asks_for_it(const std::optional<std::string>& policy) { return policy && policy->contains("compact"); }

}   // namespace

std::optional<streams::CompactionRules> compaction_of(const Configs& configs, const streams::Stream& stream) {
    if (stream.kinesis_manners()) return std::nullopt;   // decision 034
    const auto policy = configs.topic_text(stream, policy_name);
    if (!asks_for_it(policy) || !compacts(configs, stream.world)) return std::nullopt;
    const auto number = [&](std::string_view name) { return configs.topic_number(stream, name); };
    constexpr double filled = 0.9;   // of the engine's table of keys, as the stock load factor says
    const auto load_factor = real_of(
        configs.broker(stream.world, *find_config(broker_configs(), "log.cleaner.io.buffer.load.factor")).value.value_or(""));
    const auto buffer = static_cast<double>(configs.number(stream.world, "log.cleaner.dedupe.buffer.size"));
    return streams::CompactionRules{.deletes = policy.contains("delete"),
                                    .delete_retention_ms = number("delete.retention.ms"),
                                    .min_lag_ms = number("min.compaction.lag.ms"),
                                    .max_lag_ms = number("max.compaction.lag.ms"),
                                    .segment_ms = number("segment.ms"),
                                    .segment_bytes = number("segment.bytes"),
                                    .min_dirty_ratio = real_of(configs.topic_text(stream, "min.cleanable.dirty.ratio")),
                                    .buffer_bytes = static_cast<std::int64_t>(buffer * load_factor / filled),
                                    .backoff_ms = configs.number(stream.world, "log.cleaner.backoff.ms")};
}

streams::Engine::NewStream new_topic(const streams::Engine& engine, std::string_view name) {
    streams::Engine::NewStream wanted;
    wanted.name = name;
    wanted.manners = streams::Manners::kafka;
    wanted.profile = engine.options().kafka_profile;
    wanted.state_delay = false;
    return wanted;
}

void take_log_settings(const Configs& configs, streams::World& world, streams::Engine::NewStream& wanted) {
    const auto ms = set_number(wanted, "retention.ms");
    wanted.retention = configs.default_retention(&world);
    if (ms) wanted.retention = *ms < 0 ? std::nullopt : std::optional{milliseconds{*ms}};
    wanted.retention_for_ever = !wanted.retention;
    const auto bytes = set_number(wanted, "retention.bytes");
    wanted.retention_bytes = bytes ? not_negative(*bytes) : configs.default_retention_bytes(&world);
    streams::Stream imagined;
    imagined.world = &world;
    imagined.configs = wanted.configs;
    wanted.compaction = compaction_of(configs, imagined);
}

CompactionDefaults compaction_defaults(const Configs& configs, streams::World& world) {
    streams::Stream compacted;
    compacted.world = &world;
    compacted.configs.emplace(policy_name, "compact");
    const auto policy = configs.topic_default(&world, *find_config(topic_configs(), policy_name)).value;
    return {.compacts = asks_for_it(policy), .rules = compaction_of(configs, compacted)};
}

streams::Result<void> hand_down_compaction(const Configs& configs, streams::Engine& engine, streams::World& world) {
    const bool stock = compaction_defaults(configs, world).compacts;
    for (const auto& stream : engine.list(world)) {
        if (stream->deleted || (!stock && !stream->compaction && !stream->configs.contains(std::string(policy_name)))) continue;
        auto rules = compaction_of(configs, *stream);
        if (rules == stream->compaction) continue;
        const auto changed = engine.set_settings(*stream, {.configs = stream->configs,
                                                           .retention = stream->retention,
                                                           .retention_bytes = stream->retention_bytes,
                                                           .compaction = rules});
        if (!changed) return std::unexpected{changed.error()};
    }
    return {};
}

}   // namespace sluice::kafka
