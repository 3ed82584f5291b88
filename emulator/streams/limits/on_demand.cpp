// The marks of streams on demand (on_demand.h). A stream has a timer only while something was written in the running stretch, so
// one that nobody writes to costs nothing, and the clock passes over its marks.
#include "emulator/streams/limits/on_demand.h"

#include <fmt/format.h>

#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

constexpr std::int64_t stretch_ms = minutes_to_a_mark * busy_minute_ms;

}   // namespace

void Upkeep::was_written(Shard& shard, std::int64_t now_ms, std::uint64_t bytes, std::uint64_t records) {
    auto& stream = *shard.stream;
    const auto minute = std::max<std::int64_t>(0, now_ms - to_ms(stream.created)) / busy_minute_ms;
    shard.busy.add(minute, bytes, records);
    arm_mark(stream, shard.busy.stretch());
}

void Upkeep::arm_mark(Stream& stream, std::int64_t stretch) {
    const auto due_ms = to_ms(stream.created) + (stretch + 1) * stretch_ms;
    if (stream.mark_armed_ms != 0 && stream.mark_armed_ms <= due_ms) return;   // when that one has come it looks for this one
    stream.mark_armed_ms = due_ms;
    auto& clock = clock_of(stream);
    stream.mark = Timer{clock, clock.at(timers::on_demand, from_ms(due_ms), [this, one = &stream, stretch] {
                            one->mark_armed_ms = 0;
                            mark(*one, stretch);
                        })};
}

// A mark that passed while nobody was there is made up for: it finds the same again when it was there already.
void Upkeep::arm_mark(Stream& stream) {
    std::int64_t stretch = -1;
    if (stream.on_demand)
        for (const auto& shard : stream.open_ranges) stretch = std::max(stretch, shard->busy.stretch());
    if (stretch >= 0) return arm_mark(stream, stretch);
    stream.mark.stop();
    stream.mark_armed_ms = 0;
}

void Upkeep::mark(Stream& stream, std::int64_t stretch) {
    if (stream.deleted || !stream.on_demand) return;
    std::vector<std::int32_t> busy;
    std::int64_t newest = -1;
    for (const auto& shard : stream.open_ranges) {
        newest = std::max(newest, shard->busy.stretch());
        if (shard->busy.wants_split(stretch)) busy.push_back(shard->index);
    }
    if (newest > stretch) arm_mark(stream, newest);
    if (busy.empty() || engine_.catalog.grow(stream, std::move(busy))) return;
    engine_.events.note_once(
        fmt::format("stream {} has as many shards as a stream on demand may have: it grows no further", stream.name));
}

}   // namespace sluice::streams
