// When a closed shard has been closed for longer than its stream's retention: from then on ListShards leaves it out, it does not
// count among the shards that a stream may have, and it is expired as soon as nothing of it is needed.
#pragma once

#include <algorithm>
#include <optional>

#include "emulator/streams/stream.h"

namespace sluice::streams {

// The last moment before that; nothing while it is open or its records are kept for ever. A Kafka topic's retention may be any
// number of milliseconds, so one that no clock reaches is cut.
inline std::optional<Time> lapse_of(const Shard& shard) {
    constexpr milliseconds furthest{std::int64_t{1} << 50};
    if (!shard.closed || !shard.stream->retention) return {};
    return *shard.closed + std::min<milliseconds>(*shard.stream->retention, furthest);
}

inline bool lapsed(const Shard& shard, Time now) {
    const auto at = lapse_of(shard);
    return shard.expired || (at && *at < now);
}

}   // namespace sluice::streams
