#include "emulator/kafka/logs/internal_topics.h"

#include <array>
#include <string>

#include "emulator/kafka/configs/log_settings.h"
#include "emulator/kafka/topics.h"

namespace sluice::kafka {

namespace {

// Settings as seen on Kafka 4.4.0; those of the broker that they go by are in `partitions`, `segment_bytes` and `least_in_sync`.
struct InternalTopic {
    std::string_view name, partitions, segment_bytes, least_in_sync;   // the last one may be empty: the broker's for all topics
    std::string_view cleanup, compression;
    bool for_ever;
};
constexpr std::array internal_topics{
    InternalTopic{offsets_topic, "offsets.topic.num.partitions", "offsets.topic.segment.bytes", "", "compact", "producer", false},
    InternalTopic{transactions_topic, "transaction.state.log.num.partitions", "transaction.state.log.segment.bytes",
                  "transaction.state.log.min.isr", "compact", "uncompressed", false},
    InternalTopic{shares_topic, "share.coordinator.state.topic.num.partitions", "share.coordinator.state.topic.segment.bytes",
                  "share.coordinator.state.topic.min.isr", "delete", "producer", true},
};

const InternalTopic* internal_topic(std::string_view name) {
    for (const auto& one : internal_topics)
        if (one.name == name) return &one;
    return nullptr;
}

}   // namespace

bool internal_name(std::string_view name) { return internal_topic(name) != nullptr; }

std::optional<streams::Ticket> open_internal_topic(Call& call, std::string_view name) {
    const auto* internal = internal_topic(name);
    if (!internal || call.engine.find(call.world, name)) return std::nullopt;
    const auto& configs = call.broker.configs;
    auto wanted = new_topic(call.engine, name);
    wanted.internal = true;
    wanted.shards = static_cast<std::int32_t>(configs.number(internal->partitions));
    wanted.configs["cleanup.policy"] = internal->cleanup;
    wanted.configs["compression.type"] = internal->compression;
    wanted.configs["segment.bytes"] = std::to_string(configs.number(internal->segment_bytes));
    if (internal->for_ever) wanted.configs["retention.ms"] = "-1";
    if (!internal->least_in_sync.empty())
        wanted.configs["min.insync.replicas"] = std::to_string(configs.number(internal->least_in_sync));
    if (name == transactions_topic) wanted.configs["unclean.leader.election.enable"] = "false";
    take_log_settings(configs, call.world, wanted);
    auto made = call.engine.create(call.world, wanted);
    if (!made) return std::nullopt;
    return std::move(made->ticket);
}

}   // namespace sluice::kafka
