// Retention is exact for readers: it is applied whenever somebody looks. What it cut is trimmed in the store at once, and data
// timers on full virtual minutes do the same for shards nobody looks at, so the file shrinks too.
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

constexpr std::int64_t minute_ms = 60'000;

// Rule 18: Kinesis's way is append time; Kafka's is the record's own timestamp, unless the clock was moved by hand.
std::int64_t ages_from(const Stream& stream, const Clock& clock, const storage::EntryView& entry) {
    if (stream.kinesis_manners()) return entry.appended_ms;
    return clock.displaced() ? std::max(entry.max_timestamp_ms, entry.appended_ms) : entry.max_timestamp_ms;
}

}  // namespace

void Engine::State::find_front(Shard& shard) {
    shard.front_known = true;
    shard.front_ms.reset();
    if (shard.begin >= shard.end) return;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        if (shard.front_ms || shard.begin >= to) continue;
        const auto done = snapshot().read(extent.log, std::max(shard.begin, extent.from), [&](const storage::EntryView& entry) {
            // Clock displacement may change between looks, so the earlier of both ages decides when to look closely.
            if (entry.first < to)
                shard.front_ms = shard.stream->kinesis_manners() ? entry.appended_ms : std::min(entry.max_timestamp_ms, entry.appended_ms);
            return false;
        });
        if (!done) return;
    }
}

void Engine::State::retain(Shard& shard) {
    const auto& stream = *shard.stream;
    if (!stream.retention || stream.deleted || shard.begin >= shard.end) return;
    const auto& clock = *world().clock;
    const auto oldest = to_ms(clock.now() - *stream.retention);
    if (!shard.front_known) find_front(shard);
    if (!shard.front_ms || *shard.front_ms >= oldest) return;
    auto begin = shard.begin;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        if (begin >= to) continue;
        bool stopped = false;
        if (stream.kinesis_manners()) {
            const auto kept_from = std::min(to, snapshot().find_appended(extent.log, oldest));
            begin = std::max(begin, kept_from);
            stopped = kept_from < to;
        } else {
            const auto done = snapshot().read(extent.log, std::max(begin, extent.from), [&](const storage::EntryView& entry) {
                if (entry.first >= to || ages_from(stream, clock, entry) >= oldest) {
                    stopped = entry.first < to;
                    return false;
                }
                begin = std::min(to, entry.first + entry.count);
                return true;
            });
            if (!done) return;
        }
        if (stopped) break;
    }
    if (begin == shard.begin) return;
    shard.begin = begin;
    shard.front_known = false;
    for (const auto& extent : shard.extents)
        if (extent.from < begin) group().trims.push_back({extent.log, begin});
    touch(shard);
}

// The next full minute by which the front entry has expired; nothing to arm when all is kept for ever or nothing is there.
void Engine::State::arm_trim(Shard& shard) {
    const auto& stream = *shard.stream;
    if (!stream.retention || stream.deleted) return shard.trim.stop();
    if (!shard.front_known) find_front(shard);
    if (!shard.front_ms) return shard.trim.stop();
    const auto expires = *shard.front_ms + stream.retention->count() + 1;
    const auto now = to_ms(world().clock->now());
    const auto due = (std::max(expires, now + 1) + minute_ms - 1) / minute_ms * minute_ms;
    const auto pointer = shard.stream->weak_from_this();
    const auto index = shard.index;
    shard.trim = Timer{*world().clock, world().clock->at(Clock::Line::data, from_ms(due), [this, pointer, index] {
                           const auto held = pointer.lock();
                           auto* one = held ? held->shard(index) : nullptr;
                           if (!one || held->deleted) return;
                           retain(*one);
                           arm_trim(*one);
                       })};
}

std::uint64_t Engine::State::live_bytes(const Shard& shard) {
    std::uint64_t bytes = 0;
    for (const auto& extent : shard.extents) bytes += snapshot().live_bytes(extent.log);
    return bytes;
}

bool Engine::housekeep() {
    const auto more = state_->store.sweep(64);
    state_->turn.reset();
    return more.value_or(false);
}

}  // namespace sluice::streams
