// Cold pages: a read may meet pages of the data file that only a disk has, and while the loop waits for a disk it serves nobody.
// So what was neither read nor written lately is brought into memory by a thread first, and its reader waits. A reader that goes
// along a log finds the next piece there already: it was asked for half a piece ahead.
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

constexpr std::uint64_t bytes_at_once = std::uint64_t{8} << 20;   // while a reader waits
constexpr std::uint64_t bytes_ahead = std::uint64_t{32} << 20;    // for one that goes along the log
constexpr milliseconds trusted{10'000};           // real time; then the kernel may have given the pages to somebody else
constexpr std::size_t ranges_kept = 16;           // of each shard: so many readers at different places
constexpr std::size_t places_foreseen = 16'384;   // a clock that is moved far would name them again and again

}   // namespace

Warmth::Range* Warmth::holding(Position at) {
    const auto found = std::ranges::find_if(ranges, [&](auto& range) { return range.from <= at && at < range.before; });
    return found == ranges.end() ? nullptr : &*found;
}

Position Reader::at_hand(Shard& shard, Position from) {
    if (!engine_.options.reads_on_thread || from >= shard.end) return storage::log_end;
    if (!shard.warmth) shard.warmth = std::make_unique<Warmth>();
    auto& warmth = *shard.warmth;
    const auto now = engine_.real.now();
    std::erase_if(warmth.ranges, [&](auto& range) { return now - range.since > trusted; });
    const auto* range = warmth.holding(from);
    if (!range) {
        bring(shard, from);
        return from;
    }
    if (from >= range->middle && !warmth.holding(range->before) && range->before < shard.end) bring(shard, range->before);
    return range->before;
}

void Reader::bring(Shard& shard, Position from) {
    auto& asked = shard.warmth->asked;
    if (std::ranges::find(asked, from) != asked.end()) return;
    asked.push_back(from);
    const bool ahead = std::ranges::any_of(shard.warmth->ranges, [&](auto& range) { return range.before == from; });
    struct Brought {
        Position middle = storage::log_end, before = storage::log_end;
    };
    auto brought = std::make_shared<Brought>();
    auto job = [&kept = engine_.store, extents = shard.extents, from, bytes = ahead ? bytes_ahead : bytes_at_once, brought] {
        for (const auto& extent : extents) {
            if (extent.to >= 0 && from >= extent.to) continue;
            const auto warmed = kept.warm(extent.log, std::max(from, extent.from), bytes);
            brought->middle = warmed.middle;
            brought->before = warmed.before;
            if (extent.to >= 0 && warmed.before >= extent.to)
                brought->before = extent.to;   // the next extent is brought when it is wanted
            return;
        }
    };
    auto then = [weak = engine_.weak_from_this(), stream = shard.stream->shared_from_this(), one = &shard, from, brought] {
        const auto self = weak.lock();
        if (!self) return;
        auto& warmth = *one->warmth;
        std::erase(warmth.asked, from);
        if (warmth.ranges.size() >= ranges_kept) warmth.ranges.erase(warmth.ranges.begin());
        warmth.ranges.push_back({from, brought->middle, brought->before, self->real.now()});
        warmth.brought.fire();
    };
    disk_.ask(std::move(job), std::move(then));
}

Task<void> Reader::wait_at_hand(Shard& shard, Position from) {
    while (from < shard.end && at_hand(shard, from) == from) {
        Waiter waiter{engine_.executor};
        waiter.watch(shard.warmth->brought);
        co_await waiter.wait();
    }
}

Task<Result<Chunk>> Reader::chunk(Shard& shard, Position from, ChunkLimits limits) {
    for (;;) {
        if (auto read = chunk_at_hand(shard, from, limits)) co_return std::move(*read);
        Waiter waiter{engine_.executor};
        waiter.watch(shard.warmth->brought);
        co_await waiter.wait();
    }
}

std::optional<Result<Chunk>> Reader::chunk_at_hand(Shard& shard, Position from, ChunkLimits limits) {
    from = std::max(from, bounds(shard).begin);
    const auto before = at_hand(shard, from);
    if (before == from) return {};
    return records(shard, from, limits, before);
}

std::optional<Result<void>> Reader::batches_at_hand(Shard& shard, Position from, Isolation isolation,
                                                    const storage::Snapshot::VisitEntry& visit,
                                                    const storage::Snapshot::TakeRow& take_row) {
    from = std::max(from, bounds(shard).begin);
    const auto before = at_hand(shard, from);
    if (before == from) return {};
    // The store looks for the next batch before it is visited: at the last one that is there it is told to stop.
    return read(
        shard, from, isolation,
        [&](const storage::EntryView& entry) { return visit(entry) && entry.first + entry.count < before; },
        [&](const storage::RowView& row) { return row.end < before && take_row(row); });
}

// Retention is applied on the loop, and by halving where much goes: the thread looks at the same places shortly before.
void Reader::foresee(const Shard& shard) {
    const auto& stream = *shard.stream;
    if (stream.deleted || !stream.retention || foreseen_.size() >= places_foreseen) return;
    const auto since = shard.trim_due_ms - std::min(stream.retention->count(), shard.trim_due_ms);
    for (const auto& extent : shard.extents) foreseen_.push_back({extent.log, std::max(shard.begin, extent.from), since});
    look_ahead();
}

void Reader::look_ahead() {
    if (looking_ahead_ || foreseen_.empty()) return;
    looking_ahead_ = true;
    disk_.ask(
        [&kept = engine_.store, places = std::exchange(foreseen_, {})] {
            const auto first = [](const storage::EntryView&) { return false; };
            const auto now = kept.snapshot();
            for (const auto& [log, begin, since] : places) {
                (void)now->read(log, begin, first);
                (void)now->read(log, now->find_appended(log, since), first);
                (void)now->read(log, now->find_timestamp(log, since), first);
            }
        },
        [weak = engine_.weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->reader.looking_ahead_ = false;
            self->reader.look_ahead();
        });
}

void Reader::bring_swept() {
    if (!engine_.options.reads_on_thread || bringing_swept_ || !engine_.store.sweeps_want_warmth()) return;
    bringing_swept_ = true;
    disk_.ask([&kept = engine_.store] { kept.warm_sweep(); },
              [weak = engine_.weak_from_this()] {
                  if (const auto self = weak.lock()) self->reader.bringing_swept_ = false;
              });
}

Task<void> Reader::rehearse(Engine::Look look) {
    if (!engine_.options.reads_on_thread) co_return;
    auto away = disk_.run([&kept = engine_.store, look = std::move(look)] { look(*kept.snapshot()); });
    co_await std::move(away);
}

Task<void> Reader::rehearse_sizes(const World& world) {
    std::vector<LogId> logs;
    for (const auto& [name, stream] : world.streams)
        for (auto& shard : stream->shards)
            for (const auto& extent : shard->extents) logs.push_back(extent.log);
    Engine::Look look = [logs = std::move(logs)](const storage::Snapshot& now) {
        for (const auto log : logs) (void)now.live_bytes(log);
    };
    auto first = rehearse(std::move(look));
    co_await std::move(first);
}

}   // namespace sluice::streams
