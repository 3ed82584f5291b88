// Groups: what one turn of the loop queued becomes one store batch. A group that does not fit is tried again scope by scope, so
// that one large write does not fail others; what failed is read again from the store, so memory equals a fresh start.
#include <algorithm>
#include <bit>
#include <ranges>

#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {

Task<Result<void>> Ticket::committed() const {
    const auto mine = *this;
    if (!mine.done()) co_await mine.finished();
    co_return mine.outcome();
}

bool Ticket::done() const { return !group_ || group_->finished || planted("answered-before-commit"); }

Task<void> Ticket::finished() const {
    auto park = [](auto handler, Group* group) {
        group->waiting.push_back([resume = std::move(handler)]() mutable { std::move(resume)(); });
    };
    return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(park, use_task, group_.get());
}

Result<void> Ticket::outcome() const { return group_ ? group_->outcome(log_) : Result<void>{}; }

// Everybody who waits goes on, one after the other, in a turn of their own.
void Engine::State::resume_waiting(const std::shared_ptr<Group>& group) {
    if (group->waiting.empty()) return;
    asio::post(executor, [waiting = std::exchange(group->waiting, {})]() mutable {
        for (auto& resume : waiting) resume();
    });
}

Group& Engine::State::group() {
    if (!open) {
        open = std::make_shared<Group>();
        open->serial = ++groups;
        open->live = world().clock->live();
    }
    if (!posted) {
        posted = true;
        // Behind everything this turn of the loop has ready: those handlers queue into the same group.
        asio::post(executor, [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->commit_posted();
        });
    }
    return *open;
}

Ticket Engine::State::ticket(Group::Scope scope) {
    group();
    return Ticket{open, scope};
}

void Engine::State::put(Group::Scope scope, std::string key, std::string value) {
    group().put(scope, std::move(key), std::move(value));
}

void Engine::State::touch(Shard& shard) {
    auto& mine = group();
    if (std::exchange(shard.dirty_in, mine.serial) != mine.serial)
        mine.dirty.emplace_back(shard.stream->shared_from_this(), &shard);
}

// Reads and refusals change only counters and tokens: not worth a commit of their own each turn.
void Engine::State::touch_lazily(Shard& shard) {
    if (std::exchange(shard.lazy, true)) return;
    if (lazy.empty())
        lazy_timer =
            Timer{*world().clock, world().clock->within(timers::lazy_counters, std::chrono::seconds{1}, [this] { group(); })};
    lazy.emplace_back(shard.stream->shared_from_this(), &shard);
}

void Engine::State::commit_posted() {
    posted = false;
    if (!open) return;
    if (writing) return;   // collect_write goes on with it: groups are committed in order
    if (options.commit_on_thread || open->bytes > options.most_bytes_on_loop) return start_write(std::exchange(open, nullptr));
    const auto mine = std::exchange(open, nullptr);
    run(*mine);
    finish(mine);
}

void Engine::State::flush() {
    if (!lazy.empty() || world_stale) group();
    for (;;) {
        if (writing) {
            std::unique_lock lock{mutex};
            wake.wait(lock, [this] { return writer_done; });
            lock.unlock();
            finish(take_written());
        } else if (open) {
            const auto mine = std::exchange(open, nullptr);
            run(*mine);
            finish(mine);
        } else {
            return;
        }
    }
}

namespace {

void append_little_endian(std::string& out, std::initializer_list<std::int64_t> values) {
    static_assert(std::endian::native == std::endian::little);
    out.append(reinterpret_cast<const char*>(values.begin()), 8 * values.size());
}

constexpr std::size_t before_usage = 8 * 14;

}   // namespace

// One small value per shard, little-endian int64s: six buckets (balance, filled), last append time, where the store was told
// that the log begins; then its usage (usage.h), whose stored bytes are those from that begin on.
std::string running_value(const Shard& shard) {
    const auto a = shard.write_bytes.save(), b = shard.write_records.save(), c = shard.read_bytes.save(),
               d = shard.read_calls.save(), e = shard.iterator_calls.save(), f = shard.read_records.save();
    std::string out;
    out.reserve(before_usage + 1 + sizeof(Usage));
    append_little_endian(
        out, {a.thousandths, a.filled_ms, b.thousandths, b.filled_ms, c.thousandths, c.filled_ms, d.thousandths, d.filled_ms,
              e.thousandths, e.filled_ms, f.thousandths, f.filled_ms, shard.last_appended_ms, shard.trimmed});
    append_usage(out, shard.usage);
    return out;
}

bool read_running_value(std::string_view bytes, Shard& shard) {
    if (bytes.size() < before_usage) return false;
    const auto number = [&] {
        std::uint64_t value = 0;
        for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
        bytes.remove_prefix(8);
        return static_cast<std::int64_t>(value);
    };
    constexpr std::int64_t most_thousandths = std::int64_t{1} << 60;
    const auto moment = [](std::int64_t ms) { return ms >= 0 && ms < latest_ms; };
    for (auto* bucket : shard.buckets()) {
        const auto thousandths = number(), filled = number();
        if (!moment(filled) || thousandths > most_thousandths || thousandths < -most_thousandths) return false;
        if (!bucket->unlimited()) bucket->restore({thousandths, filled});
    }
    shard.last_appended_ms = number();
    shard.trimmed = number();
    const auto usage = take_usage(bytes);
    if (!usage) return false;
    shard.usage = *usage;
    return moment(shard.last_appended_ms) && shard.trimmed >= 0;
}

void Engine::State::fill(storage::Batch& batch, const Group& group, const Group::Scope& only) const {
    const auto& all = group.batch;
    for (const auto& append : all.appends)
        if (only == append.log) batch.appends.push_back(append);
    for (std::size_t i = 0; i < all.puts.size(); ++i)
        if (only == group.put_scopes[i]) batch.puts.push_back(all.puts[i]);
    if (!only) {
        batch.trims = all.trims;
        batch.drops = all.drops;
    }
}

std::vector<Group::Scope> Group::bound_to(Scope scope) const {
    std::vector<Scope> all{scope};
    const auto known = [&](LogId log) { return std::ranges::find(all, Scope{log}) != all.end(); };
    for (bool grown = scope.has_value(); grown;) {
        grown = false;
        for (const auto& logs : together) {
            if (std::ranges::none_of(logs, known)) continue;
            for (const auto log : logs)
                if (!known(log)) {
                    all.emplace_back(log);
                    grown = true;
                }
        }
    }
    return all;
}

// Everything at once; when it does not fit, the catalog first and then log by log, with the logs that it is bound to.
std::vector<std::pair<Group::Scope, Fault>> Engine::State::write(const Group& group) const {
    if (group.batch.empty()) return {};
    const auto fault_of = [](storage::Error e) { return e == storage::Error::no_space ? Fault::no_space : Fault::storage; };
    const auto all = store.commit(group.batch);
    if (all) return {};
    std::vector<Group::Scope> scopes{std::nullopt};
    const auto add = [&](const Group::Scope& scope) {
        if (std::ranges::find(scopes, scope) == scopes.end()) scopes.push_back(scope);
    };
    for (const auto& append : group.batch.appends) add(append.log);
    for (const auto& scope : group.put_scopes) add(scope);
    std::vector<std::pair<Group::Scope, Fault>> failed;
    if (all.error() == storage::Error::no_space && !group.batch.trims.empty()) {
        // Trims make the space that the rest wants, so they do not wait for it. Done twice they do nothing.
        storage::Batch space;
        space.trims = group.batch.trims;
        // With the clock that they were due by: after a kill it must not stand where what they drop would still be kept.
        const auto puts = std::views::reverse(group.batch.puts);
        const auto clock = std::ranges::find(puts, key_of(world().id, 'W'), &storage::Batch::Put::key);
        if (clock != puts.end()) {
            space.puts.push_back(*clock);
            if (store.commit(space)) space.clear();
            space.puts.clear();
        }
        if (!space.empty()) (void)store.commit(space);
    }
    std::vector<Group::Scope> tried;
    for (const auto& first : scopes) {
        if (all.error() != storage::Error::no_space) {
            failed.emplace_back(first, fault_of(all.error()));
            continue;
        }
        if (std::ranges::find(tried, first) != tried.end()) continue;
        const auto bound = group.bound_to(first);
        tried.insert(tried.end(), bound.begin(), bound.end());
        const auto fail = [&](Fault fault) {
            for (const auto& scope : bound) failed.emplace_back(scope, fault);
        };
        // A log that is dropped here must not come to life again; one that the catalog does not know must not begin. Without the
        // catalog's part a drop has not happened, but what the log wants stored beside its records was not prepared: it fails
        // too.
        const auto dropped = [&](const auto& scope) {
            return scope && std::ranges::any_of(group.batch.drops, [&](auto& drop) { return drop.log == *scope; });
        };
        const auto fresh = [&](const auto& scope) {
            return scope && std::ranges::find(group.fresh, *scope) != group.fresh.end();
        };
        const bool goes = std::ranges::any_of(bound, dropped);
        if (!failed.empty() && !failed.front().first && (goes || std::ranges::any_of(bound, fresh))) {
            fail(failed.front().second);
            continue;
        }
        if (goes) continue;
        storage::Batch part;
        for (const auto& scope : bound) fill(part, group, scope);
        const auto one = part.empty() ? storage::Result<void>{} : store.commit(part);
        if (!one && !planted("second-failure-not-told")) fail(fault_of(one.error()));
    }
    return failed;
}

// Running values and producers are taken at the last moment, once per group.
void Engine::State::prepare(Group& group) {
    for (auto& [stream, shard] : std::exchange(lazy, {})) {
        shard->lazy = false;
        if (planted("lazy-value-not-written")) continue;
        if (std::exchange(shard->dirty_in, group.serial) != group.serial) group.dirty.emplace_back(std::move(stream), shard);
    }
    lazy_timer.stop();
    // A shard that was undone meanwhile must not leave anything to the next one of its number.
    for (const auto& [stream, shard] : group.dirty)
        if (!stream->deleted && stream->shard(shard->index) == shard)
            group.put(shard->extents.back().log, shard_key(*stream, shard->index), running_value(*shard));
    if (std::exchange(world_stale, false)) {
        auto record = world_record();
        group.put({}, std::move(record.key), std::move(record.value));
    }
    const auto live_ahead = world().clock->live() - world().clock->real();
    for (const auto& [shard, producer] : group.producers) {
        if (planted("producer-not-written")) break;
        const auto found = shard->producers.find(producer);
        if (found != shard->producers.end() && !shard->stream->deleted)
            group.put(shard->extents.back().log, producer_key(*shard->stream, shard->index, producer),
                      encode_producer(found->second, live_ahead));
    }
}

void Engine::State::run(Group& group) {
    if (!planted("snapshot-kept-across-commit")) turn.reset();   // a store under an open snapshot cannot use its free pages
    prepare(group);
    group.failed = write(group);
}

// What failed is read again from the store, and so is what was queued on top of it meanwhile.
void Engine::State::undo(Group& group, Group* later) {
    bool catalog = !group.outcome(std::nullopt);
    if (later) {
        later->failed = group.failed;
        const auto fail = [&](const Group::Scope& scope) { later->failed.emplace_back(scope, Fault::storage); };
        for (const auto& append : later->batch.appends) fail(append.log);
        for (const auto& scope : later->put_scopes) fail(scope);
        for (const auto& [stream, shard] : later->dirty) fail(shard->extents.back().log);
        if (!later->batch.trims.empty() || !later->batch.drops.empty()) fail(std::nullopt);
        catalog |= !later->outcome(std::nullopt);
    }
    world_stale |= catalog;   // the clock has moved all the same, and ids that were given out stay so
    if (catalog) return reload_catalog();
    for (const Group* one : {&group, later}) {
        if (!one) continue;
        for (const auto& [stream, shard] : one->dirty)
            if (!one->outcome(shard->extents.back().log)) read_shard(*shard);
    }
}

// What doors keep was changed in memory when it was queued: they look again what the store holds.
void Engine::State::tell_unstored(const Group& group) {
    const auto prefix = key_of(world().id, 'D');
    for (std::size_t i = 0; i < group.batch.puts.size(); ++i) {
        const std::string_view key = group.batch.puts[i].key;
        if (!key.starts_with(prefix) || group.outcome(group.put_scopes[i])) continue;
        for (const auto& told : *on_unstored) told(world(), key.substr(prefix.size()));
    }
}

void Engine::State::finish(const std::shared_ptr<Group>& group) {
    if (!planted("snapshot-kept-across-commit")) turn.reset();
    group->finished = true;
    std::shared_ptr<Group> later;
    if (!group->failed.empty()) {
        later = std::exchange(open, nullptr);
        if (later) later->finished = true;
        undo(*group, later.get());
        tell_unstored(*group);
        if (later) tell_unstored(*later);
        events.note("a write could not be stored and was undone: the store is full or the disk failed");
    }
    for (const auto& [stream, shard, end, bytes] : group->touched) {
        if (!group->outcome(shard->extents.back().log)) continue;
        shard->end = std::max(shard->end, end);
        if (shard->kept_known) shard->kept_bytes += bytes;
        if (!shard->front) shard->front_known = false;
        if (!stream->deleted) arm_trim(*shard);
        if (!planted("readers-not-woken")) shard->appended.fire();
    }
    bring_swept();
    for (const auto& done : {group, later}) {
        if (!done) continue;
        done->forget_contents();
        resume_waiting(done);
    }
}

const storage::Snapshot& Engine::State::snapshot() {
    if (!turn) turn = store.snapshot();
    if (!drop_posted) {
        drop_posted = true;
        asio::post(executor, [weak = weak_from_this()] {
            if (auto self = weak.lock()) {
                self->drop_posted = false;
                self->turn.reset();
            }
        });
    }
    return *turn;
}

void Engine::State::start_write(std::shared_ptr<Group> mine) {
    turn.reset();
    prepare(*mine);
    if (!writer.joinable()) writer = std::thread{[this] { write_loop(); }};
    const std::lock_guard lock{mutex};
    writing = std::move(mine);
    writer_done = false;
    wake.notify_all();
}

// Each slice is synced like a commit, so it is larger than those of the loop.
constexpr std::size_t swept_by_writer = 400;

void Engine::State::write_loop() {
    std::unique_lock lock{mutex};
    for (;;) {
        wake.wait(lock, [this] { return stop_writer || (writing && !writer_done) || sweep_asked; });
        if (stop_writer) return;
        if (!writing || writer_done) {
            lock.unlock();
            const bool more = store.sweep(swept_by_writer).value_or(false);
            lock.lock();
            sweep_asked = more && !store.sweeps_want_warmth();   // else the loop asks again when it is there
            continue;
        }
        const auto mine = writing;
        lock.unlock();
        auto failed = write(*mine);
        lock.lock();
        written = std::move(failed);
        writer_done = true;
        wake.notify_all();
        asio::post(executor, [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->collect_write();
        });
    }
}

std::shared_ptr<Group> Engine::State::take_written() {
    const std::lock_guard lock{mutex};
    if (!writer_done) return nullptr;
    const auto mine = std::exchange(writing, nullptr);
    mine->failed = std::move(written);
    writer_done = false;
    return mine;
}

// On the loop: takes what the writer finished and hands it the next group.
void Engine::State::collect_write() {
    const auto mine = take_written();
    if (!mine) return;
    finish(mine);
    if (!posted) commit_posted();
}

}   // namespace sluice::streams
