// What a topic's settings, and the broker's behind them, say of its log: retention, size and compaction, as the engine keeps them
// with the stream.
#pragma once

#include <optional>

#include "emulator/kafka/configs/configs.h"
#include "emulator/streams/engine.h"

namespace sluice::kafka {

// Nothing: its log is not compacted.
std::optional<streams::CompactionRules> compaction_of(const Configs&, const streams::Stream&);

// A topic that is about to be made for a client, but for its partitions and settings.
streams::Engine::NewStream new_topic(const streams::Engine&, std::string_view name);
// Of a topic that is about to be made, whose settings are in `configs`.
void take_log_settings(const Configs&, streams::World&, streams::Engine::NewStream&);

// What topics have that set nothing of it, and of those that are compacted by their own setting.
struct CompactionDefaults {
    bool compacts = false;
    std::optional<streams::CompactionRules> rules;
    friend bool operator==(const CompactionDefaults&, const CompactionDefaults&) = default;
};
CompactionDefaults compaction_defaults(const Configs&, streams::World&);

// The broker's settings have changed, or a server has started with others: topics that set none of their own follow.
streams::Result<void> hand_down_compaction(const Configs&, streams::Engine&, streams::World&);

}   // namespace sluice::kafka
