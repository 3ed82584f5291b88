// When a shard is compacted, and the steps of one run. The thread decides what is left of each batch, from snapshots of its own;
// the loop queues what it made and says at the end which logs the shard reads.
#include "emulator/streams/log/cleaner.h"

#include <algorithm>
#include <deque>

#include "emulator/runtime/spawn.h"
#include "emulator/streams/log/cleaning.h"
#include "emulator/streams/log/joined.h"
#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

constexpr std::uint64_t read_in_a_step = 1 << 20, made_in_a_step = 128 << 10;

// Up to there a run has been.
Position clean_before(const Shard& shard) {
    const auto& front = shard.extents.front();
    return std::max(front.compacted ? front.to : front.from, shard.begin);
}

}   // namespace

// What a run works on. Between two steps nothing of it is used by two threads.
struct Cleaner::Run {
    OwnedStream stream;
    Shard* shard{};
    LogId into{};                  // what is left goes there
    std::vector<Extent> extents;   // as they were when it began
    Position from{}, dirty{}, upto{};
    std::int64_t now_ms{};
    Cleaning cleaning;
    bool learning = true;
    Position at = dirty;
    bool at_end = false;
    struct Made {
        storage::Entry entry;   // without pieces
        batch::Blob bytes;
    };
    std::deque<Made> made{};

    bool over() const { return stream->deleted || stream->shard(shard->index) != shard || shard->pending != into; }
    // On the thread. False: it cannot be read.
    bool step(const storage::Store& store);
    bool visit(const storage::EntryView& entry);
    std::uint64_t read_bytes{}, made_bytes{};
};

bool Cleaner::Run::visit(const storage::EntryView& entry) {
    const auto bytes = joined(entry);
    read_bytes += bytes.size();
    const auto end = entry.first + entry.count;
    if (learning) {
        if (!cleaning.learn(entry.first, bytes)) {
            upto = entry.first;
            return false;
        }
    } else {
        auto left = cleaning.clean(entry.first, bytes, end >= upto);
        if (left.what != Cleaning::Left::nothing) {
            const bool whole = left.what == Cleaning::Left::whole;
            auto& one = made.emplace_back();
            one.entry = {.first = entry.first,
                         .count = entry.count,
                         .appended_ms = entry.appended_ms,
                         .max_timestamp_ms = whole ? entry.max_timestamp_ms : left.max_timestamp_ms};
            one.bytes = whole ? bytes : std::move(left.bytes);
            made_bytes += one.bytes.size();
        }
    }
    at = end;
    return read_bytes < read_in_a_step && made_bytes < made_in_a_step;
}

bool Cleaner::Run::step(const storage::Store& store) {
    read_bytes = made_bytes = 0;
    const auto now = store.snapshot();
    bool going = true;
    for (const auto& extent : extents) {
        const auto to = extent.to < 0 ? upto : std::min(extent.to, upto);
        if (!going || at >= to) continue;
        const auto done = now->read(extent.log, std::max(at, extent.from), [&](const storage::EntryView& entry) {
            if (entry.first >= std::min(to, upto)) return false;
            return going = visit(entry);
        });
        if (!done) return false;
    }
    at_end = going || at >= upto;
    return true;
}

void Cleaner::appended(Shard& shard, std::uint64_t bytes) {
    if (!shard.stream->compaction || shard.stream->deleted) return;
    auto& dirt = shard.dirt;
    if (dirt.known) {
        if (dirt.found.dirty_bytes == 0) dirt.found.first_ms = shard.last_appended_ms;
        dirt.found.dirty_bytes += bytes;
    }
    dirt.held_back = false;
    arm(shard, to_ms(clock_of(shard).now()));
}

void Cleaner::look_again(Shard& shard) {
    shard.dirt.known = shard.dirt.held_back = false;
    shard.dirt.timer.stop();
    shard.dirt.due_ms.reset();
    if (shard.expired || shard.stream->deleted) return;
    if (shard.extents.front().compacted)   // a kill may have come before that; not now, when others are not read yet
        asio::post(engine_.executor,
                   [this, weak = engine_.weak_from_this(), stream = shard.stream->weak_from_this(), one = &shard] {
                       const auto engine = weak.lock();
                       const auto there = stream.lock();
                       if (engine && there && !there->deleted && there->shard(one->index) == one)
                           engine_.extents.free_replaced(*one);
                   });
    if (shard.stream->compaction) arm(shard, to_ms(clock_of(shard).now()));
}

void Cleaner::measure(Shard& shard) {
    shard.dirt.known = true;
    auto& found = shard.dirt.found = {};
    const auto clean = clean_before(shard);
    bool first = true;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        const auto middle = std::clamp(clean, std::min(extent.from, to), to);
        if (extent.from < middle)
            found.clean_bytes += engine_.extents.bytes_between(extent.log, std::max(extent.from, shard.begin), middle);
        if (middle >= to) continue;
        found.dirty_bytes += engine_.extents.bytes_between(extent.log, middle, extent.to);
        if (!std::exchange(first, false)) continue;
        (void)engine_.reader.snapshot().read(extent.log, middle, [&](const storage::EntryView& entry) {
            found.first_ms = entry.appended_ms;
            return false;
        });
    }
    if (shard.extents.front().compacted) found.horizon_ms = shard.extents.front().horizon_ms;
}

void Cleaner::arm(Shard& shard, std::int64_t after_ms) {
    auto& dirt = shard.dirt;
    if (dirt.running) return;
    if (!dirt.known) measure(shard);
    auto found = dirt.found;
    if (dirt.held_back) found.dirty_bytes = 0;   // until something is appended
    const auto due = next_run_ms(*shard.stream->compaction, found, after_ms);
    if (due == dirt.due_ms) return;
    dirt.due_ms = due;
    dirt.timer.stop();
    if (!due) return;
    auto& clock = clock_of(shard);
    dirt.timer = Timer{clock, clock.at(timers::compaction, from_ms(*due), [this, one = &shard, now_ms = *due] {
                           one->dirt.due_ms.reset();
                           if (!one->stream->deleted && one->stream->compaction) begin(*one, now_ms);
                       })};
}

void Cleaner::begin(Shard& shard, std::int64_t now_ms) {
    auto& dirt = shard.dirt;
    engine_.upkeep.retain(shard);
    const auto& rules = *shard.stream->compaction;
    auto upto = shard.stable();
    // A run that comes late goes as of the moment at which it was due: what was appended since then is the next one's.
    if (rules.min_lag_ms > 0 || shard.last_appended_ms > now_ms) {
        const auto before = from_ms(std::max<std::int64_t>(now_ms - rules.min_lag_ms + 1, 0));
        upto = std::min(upto, engine_.reader.find_appended(shard, before));
    }
    const auto dirty = clean_before(shard);
    const bool horizon = dirt.found.horizon_ms > 0 && dirt.found.horizon_ms <= now_ms;
    if (shard.begin >= shard.end || (upto <= dirty && !horizon)) {
        dirt.held_back = true;
        return arm(shard, now_ms);
    }
    upto = std::max(upto, dirty);
    std::set<Position> last;
    for (const auto& [id, state] : shard.producers)
        if (!state.recent.empty()) last.insert(state.recent.back().base);
    dirt.running = true;
    // A log that a run before left half written goes; the new one is known before anything is in it.
    const auto into = engine_.catalog.new_log();
    const auto stream = own(*shard.stream).shared_from_this();
    engine_.catalog.need(compaction_feature);
    {
        const Writer::Changing change{engine_.writer, stream};
        if (shard.pending != LogId{}) engine_.writer.group().drop(scope_of(*stream), shard.pending);
        shard.pending = into;
        engine_.writer.group().bind(scope_of(*stream), into);
        engine_.catalog.save_folder();
        engine_.catalog.save_shard(shard);
    }
    auto run = std::make_shared<Run>(Run{.stream = stream,
                                         .shard = &shard,
                                         .into = into,
                                         .extents = shard.extents,
                                         .from = shard.begin,
                                         .dirty = dirty,
                                         .upto = upto,
                                         .now_ms = now_ms,
                                         .cleaning = Cleaning{{.now_ms = now_ms,
                                                               .delete_retention_ms = rules.delete_retention_ms,
                                                               .buffer_bytes = static_cast<std::uint64_t>(rules.buffer_bytes),
                                                               .aborted = shard.aborted,
                                                               .last_of_producers = std::move(last)}}});
    auto running = this->run(std::move(run), engine_.weak_from_this());
    spawn(engine_.executor, std::move(running));
}

bool Cleaner::queue_made(Run& run) {
    auto& group = engine_.writer.group();
    for (auto& one : run.made) {
        auto& bytes = group.markers.emplace_back(std::move(one.bytes));
        one.entry.pieces = {bytes, {}};
        group.batch.appends.push_back({run.into, one.entry});
        group.bytes += bytes.size();
    }
    return !std::exchange(run.made, {}).empty();
}

void Cleaner::give_up(Run& run) {
    auto& shard = *run.shard;
    {
        const Writer::Changing change{engine_.writer, run.stream};
        engine_.writer.group().drop(scope_of(*run.stream), run.into);
        shard.pending = LogId{};
        engine_.catalog.save_shard(shard);
    }
    engine_.events.note(run.stream->name + " " + shard.id() + ": compaction was given up and is tried again later");
}

// From the next look on the shard's readers see the new log; a look that is under way has the old one's bytes until it ends.
Ticket Cleaner::exchange(Run& run) {
    auto& shard = *run.shard;
    const Writer::Changing change{engine_.writer, run.stream};
    const auto stored = [&] {   // from where the store was told that the log begins
        std::uint64_t bytes = 0;
        for (const auto& extent : shard.extents)
            bytes += engine_.extents.bytes_between(extent.log, std::max(extent.from, shard.trimmed), extent.to);
        return bytes;
    };
    const auto before = stored();
    shard.pending = LogId{};
    engine_.extents.replace(shard, {.log = run.into,
                                    .from = shard.extents.front().from,
                                    .to = run.upto,
                                    .compacted = true,
                                    .horizon_ms = run.cleaning.horizon_ms()});
    for (const auto at : run.cleaning.markers_gone()) {
        const auto gone = std::ranges::lower_bound(shard.aborted, at, {}, &Aborted::last);
        if (gone == shard.aborted.end() || gone->last != at) continue;
        engine_.writer.put(shard.log(), aborted_key(*run.stream, shard.index, at), "");
        shard.aborted.erase(gone);
    }
    shard.front_known = shard.kept_known = false;
    shard.sized_end = -1;
    if (shard.warmth) shard.warmth->ranges.clear();   // of the logs that were there
    const auto after = stored();
    engine_.upkeep.count(shard, to_ms(clock_of(shard).now()), [&](Usage& usage) { usage.stored_bytes += after - before; });
    engine_.writer.touch(shard);
    return engine_.writer.ticket(shard.log());
}

// What comes of it: the run has done what it was to do, or the next one tries it.
enum class Cleaner::Outcome { done, unreadable, failed };

Task<Cleaner::Outcome> Cleaner::steps(std::shared_ptr<Run> run, std::weak_ptr<Engine::State> weak) {
    for (;;) {
        bool read = false;
        if (engine_.options.compacts_on_thread) {
            auto job = [&store = engine_.store, &run = *run, &read] { read = run.step(store); };
            auto away = thread_.run(std::move(job));
            co_await std::move(away);
        } else {
            read = run->step(engine_.store);
            auto turn = asio::post(engine_.executor, use_task);
            co_await std::move(turn);
        }
        if (weak.expired() || run->over()) co_return Outcome::failed;
        if (!read) co_return Outcome::unreadable;
        if (queue_made(*run)) {
            const auto ticket = engine_.writer.ticket(run->into);
            const auto stored = co_await ticket.committed();
            if (weak.expired() || run->over() || !stored) co_return Outcome::failed;
        }
        // A topic that is not compacted any more keeps what it has from now on.
        if (!run->stream->compaction) co_return Outcome::failed;
        if (!run->at_end) continue;
        if (!run->learning) co_return Outcome::done;
        run->learning = run->at_end = false;
        run->at = run->from;
    }
}

Task<void> Cleaner::run(std::shared_ptr<Run> run, std::weak_ptr<Engine::State> weak) {
    auto taken = steps(run, weak);
    auto outcome = co_await std::move(taken);
    if (weak.expired()) co_return;
    auto& shard = *run->shard;
    if (!run->over()) {
        if (outcome != Outcome::done || shard.begin >= run->upto) {
            give_up(*run);
        } else {
            const auto ticket = exchange(*run);
            const auto stored = co_await ticket.committed();
            if (weak.expired()) co_return;
            if (!stored) outcome = Outcome::failed;
            if (stored && !run->stream->deleted) engine_.extents.free_replaced(shard);
        }
    }
    shard.dirt.running = false;
    if (run->stream->deleted || !run->stream->compaction) co_return;
    shard.dirt.known = false;
    shard.dirt.held_back = outcome == Outcome::unreadable;
    // The next run may have been due while this one went on: then it begins as of that moment, in however many steps the clock
    // was moved. What has failed is not tried again as often as it would have been meanwhile.
    arm(shard, outcome == Outcome::done ? run->now_ms : std::max(run->now_ms, to_ms(clock_of(shard).now())));
}

}   // namespace sluice::streams
