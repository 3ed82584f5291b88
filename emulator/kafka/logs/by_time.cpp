#include "emulator/kafka/logs/by_time.h"

#include <algorithm>

namespace sluice::kafka {
namespace {

constexpr std::uint64_t looked_at_once = std::uint64_t{32} << 20;   // so that a reader's pages wait behind one such look at most

struct Walk {
    std::vector<streams::Extent> extents;
    streams::Position at{}, end{};
    std::optional<std::int64_t> best;
    // Some further batches; what cannot be read has no timestamp.
    void go_on(const storage::Snapshot& snapshot) {
        std::uint64_t seen = 0;
        for (const auto& extent : extents) {
            const auto to = extent.to < 0 ? end : std::min(extent.to, end);
            if (at >= to || seen >= looked_at_once) continue;
            const auto done = snapshot.read(extent.log, std::max(at, extent.from), [&](const storage::EntryView& entry) {
                if (entry.first >= to) return false;
                best = std::max(best.value_or(entry.max_timestamp_ms), entry.max_timestamp_ms);
                at = entry.first + entry.count;
                seen += entry.size();
                return seen < looked_at_once;
            });
            if (!done || seen < looked_at_once) at = std::max(at, to);
        }
    }
};

}   // namespace

Task<void> look_up_first(streams::Engine& engine, std::vector<std::pair<streams::LogId, std::int64_t>> wanted) {
    streams::Engine::Look look = [wanted = std::move(wanted)](const storage::Snapshot& snapshot) {
        for (const auto& [log, ms] : wanted)
            (void)snapshot.read(log, snapshot.find_timestamp(log, ms),
                                [&](const auto& entry) { return entry.max_timestamp_ms < ms; });
    };
    auto first = engine.rehearse(std::move(look));
    co_await std::move(first);
}

Task<PlaceInTime> largest_timestamp(streams::Engine& engine, streams::StreamPointer stream, const streams::Shard& shard) {
    const auto bounds = engine.bounds(shard);
    Walk walk{shard.extents, bounds.begin, bounds.end, {}};
    while (walk.at < walk.end && !stream->deleted) {
        if (engine.options().reads_on_thread) {
            streams::Engine::Look look = [&walk](const storage::Snapshot& snapshot) { walk.go_on(snapshot); };
            auto some = engine.rehearse(std::move(look));
            co_await std::move(some);
        } else {
            walk.go_on(engine.snapshot());
        }
    }
    if (!walk.best || stream->deleted) co_return std::nullopt;
    std::vector<std::pair<streams::LogId, std::int64_t>> wanted;
    wanted.reserve(shard.extents.size());
    for (const auto& extent : shard.extents) wanted.emplace_back(extent.log, *walk.best);
    auto first = look_up_first(engine, std::move(wanted));
    co_await std::move(first);
    co_return stream->deleted ? std::nullopt : engine.find_timestamp(shard, *walk.best);
}

}   // namespace sluice::kafka
