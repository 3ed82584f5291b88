// Cold pages: a read may meet pages of the data file that only a disk has, and while the loop waits for a disk it serves nobody. So
// what was neither read nor written lately is brought into memory by a thread first, and its reader waits. A reader that goes along
// a log finds the next piece there already: it was asked for half a piece ahead.
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

constexpr std::uint64_t bytes_at_once = std::uint64_t{8} << 20;    // while a reader waits
constexpr std::uint64_t bytes_ahead = std::uint64_t{32} << 20;     // for one that goes along the log
constexpr milliseconds trusted{10'000};   // real time; then the kernel may have given the pages to somebody else
constexpr std::size_t ranges_kept = 16;   // of each shard: so many readers at different places
constexpr std::int64_t foreseen_ms = 2'000;   // before something is due; virtual, as what is due is

}  // namespace

Warmth::Range* Warmth::holding(Position at) {
    const auto found = std::ranges::find_if(ranges, [&](auto& range) { return range.from <= at && at < range.before; });
    return found == ranges.end() ? nullptr : &*found;
}

Position Engine::at_hand(Shard& shard, Position from) { return state_->at_hand(shard, from); }

Position Engine::State::at_hand(Shard& shard, Position from) {
    if (!options.reads_on_thread || from >= shard.end) return storage::log_end;
    if (!shard.warmth) shard.warmth = std::make_unique<Warmth>();
    auto& warmth = *shard.warmth;
    const auto now = real.now();
    std::erase_if(warmth.ranges, [&](auto& range) { return now - range.since > trusted; });
    const auto* range = warmth.holding(from);
    if (!range) {
        bring(shard, from);
        return from;
    }
    if (from >= range->middle && !warmth.holding(range->before) && range->before < shard.end) bring(shard, range->before);
    return range->before;
}

void Engine::State::bring(Shard& shard, Position from) {
    auto& asked = shard.warmth->asked;
    if (std::ranges::find(asked, from) != asked.end()) return;
    asked.push_back(from);
    const bool ahead = std::ranges::any_of(shard.warmth->ranges, [&](auto& range) { return range.before == from; });
    struct Brought { Position middle = storage::log_end, before = storage::log_end; };
    auto brought = std::make_shared<Brought>();
    auto job = [&kept = store, extents = shard.extents, from, bytes = ahead ? bytes_ahead : bytes_at_once, brought] {
        for (const auto& extent : extents) {
            if (extent.to >= 0 && from >= extent.to) continue;
            const auto warmed = kept.warm(extent.log, std::max(from, extent.from), bytes);
            brought->middle = warmed.middle;
            brought->before = warmed.before;
            if (extent.to >= 0 && warmed.before >= extent.to) brought->before = extent.to;   // the next extent is brought when it is wanted
            return;
        }
    };
    auto then = [weak = weak_from_this(), stream = shard.stream->shared_from_this(), one = &shard, from, brought] {
        const auto self = weak.lock();
        if (!self) return;
        auto& warmth = *one->warmth;
        std::erase(warmth.asked, from);
        if (warmth.ranges.size() >= ranges_kept) warmth.ranges.erase(warmth.ranges.begin());
        warmth.ranges.push_back({from, brought->middle, brought->before, self->real.now()});
        warmth.brought.fire();
    };
    disk.ask(std::move(job), std::move(then));
}

Task<void> Engine::brought(Shard& shard) {
    Waiter waiter{state_->executor};
    waiter.watch(shard.warmth->brought);
    co_await waiter.wait();
}

// Retention is applied on the loop, and by halving where much goes: the thread looks at the same places shortly before.
void Engine::State::foresee(const Shard& shard) {
    if (!options.reads_on_thread) return;
    auto& due = foreseen[shard.trim_due_ms];
    due.emplace_back(shard.stream->weak_from_this(), shard.index);
    if (due.size() == 1 && foreseen.begin()->first == shard.trim_due_ms) arm_foresight();
}

void Engine::State::arm_foresight() {
    if (foreseen.empty()) return foresight.stop();
    foresight = Timer{*world().clock, world().clock->at(Clock::Line::data, from_ms(foreseen.begin()->first - foreseen_ms), [this] { look_ahead(); })};
}

void Engine::State::look_ahead() {
    struct Place { LogId log; Position begin; std::int64_t since_ms; };
    std::vector<Place> places;
    const auto until = to_ms(world().clock->now()) + foreseen_ms;
    for (; !foreseen.empty() && foreseen.begin()->first <= until; foreseen.erase(foreseen.begin()))
        for (const auto& [weak, index] : foreseen.begin()->second) {
            const auto stream = weak.lock();
            const auto* shard = stream && !stream->deleted && stream->retention ? stream->shard(index) : nullptr;
            if (!shard || !shard->trim_armed || shard->trim_due_ms != foreseen.begin()->first) continue;
            for (const auto& extent : shard->extents)
                places.push_back({extent.log, std::max(shard->begin, extent.from), shard->trim_due_ms - std::min(stream->retention->count(), shard->trim_due_ms)});
        }
    if (!places.empty() && !std::exchange(looking_ahead, true))   // a clock that is moved far would ask many times at once
        disk.ask(
            [&kept = store, places = std::move(places)] {
                const auto first = [](const storage::EntryView&) { return false; };
                const auto now = kept.snapshot();
                for (const auto& [log, begin, since] : places) {
                    (void)now->read(log, begin, first);
                    (void)now->read(log, now->find_appended(log, since), first);
                    (void)now->read(log, now->find_timestamp(log, since), first);
                }
            },
            [weak = weak_from_this()] {
                if (const auto self = weak.lock()) self->looking_ahead = false;
            });
    arm_foresight();
}

// Twenty milliseconds' worth at the pace of housekeeping, and again when it is used up.
void Engine::State::bring_swept() {
    if (!options.reads_on_thread || bringing_swept) return;
    bringing_swept = true;
    disk.ask([&kept = store] { kept.warm_sweep(); },
             [weak = weak_from_this()] {
                 if (const auto self = weak.lock()) self->bringing_swept = false;
             });
}

Task<void> Engine::aside(Worker::Job job) {
    auto away = state_->aside.run(std::move(job));
    co_await std::move(away);
}

Task<void> Engine::rehearse(Look look) {
    if (!state_->options.reads_on_thread) co_return;
    auto away = state_->disk.run([&kept = state_->store, look = std::move(look)] { look(*kept.snapshot()); });
    co_await std::move(away);
}

Task<void> Engine::rehearse_sizes(const World& world) {
    std::vector<LogId> logs;
    for (const auto& [name, stream] : world.streams)
        for (const auto& shard : stream->shards)
            for (const auto& extent : shard->extents) logs.push_back(extent.log);
    Look look = [logs = std::move(logs)](const storage::Snapshot& now) {
        for (const auto log : logs) (void)now.live_bytes(log);
    };
    auto first = rehearse(std::move(look));
    co_await std::move(first);
}

}  // namespace sluice::streams
