// Places found by record time, for ListOffsets. They may be anywhere in a log, so a thread that may wait for a disk looks before
// the loop.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "emulator/streams/engine.h"

namespace sluice::kafka {

using PlaceInTime = std::optional<std::pair<streams::Position, std::int64_t>>;   // a record's offset and timestamp

// Goes before Engine::find_timestamp: the same pages, up to the batch that will be the answer.
Task<void> look_up_first(streams::Engine&, std::vector<std::pair<streams::LogId, std::int64_t>> wanted);
// The first record that has the largest timestamp.
Task<PlaceInTime> largest_timestamp(streams::Engine&, streams::StreamPointer, const streams::Shard&);

}   // namespace sluice::kafka
