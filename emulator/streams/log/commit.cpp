// Groups: what one turn of the loop queued becomes one store batch. A group that does not fit is tried again unit by unit, so
// that one large write does not fail others; what failed is read again from the store, so memory equals a fresh start.
#include <algorithm>
#include <bit>
#include <ranges>
#include <set>

#include "emulator/streams/catalog/stored.h"
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
    return Ticket{open, scope ? scope : in_unit};
}

void Engine::State::put(Group::Scope scope, std::string key, std::string value) {
    group().put(scope ? scope : in_unit, std::move(key), std::move(value));
    bind(scope);
}

void Engine::State::bind(Group::Scope scope) {
    if (in_unit && scope) group().bind(in_unit, scope);
}

Unit::Unit(Engine& engine)
    : engine_(engine), scope_(scope_of_unit(++engine.state_->units_opened)), before_(engine.state_->in_unit) {
    if (before_) engine.state_->bind(scope_);
    engine.state_->in_unit = scope_;
}
Unit::~Unit() { engine_.state_->in_unit = before_; }
Ticket Unit::ticket() { return engine_.state_->ticket(scope_); }

void Engine::State::touch(Shard& shard) {
    auto& mine = group();
    if (std::exchange(shard.dirty_in, mine.serial) != mine.serial)
        mine.dirty.push_back({shard.stream->shared_from_this(), &shard, shard.log()});
}

// Reads and refusals change only counters and tokens: not worth a commit of their own each turn.
void Engine::State::touch_lazily(Shard& shard) {
    if (std::exchange(shard.lazy, true)) return;
    if (lazy.empty()) {
        auto& clock = clock_of(shard);
        lazy_timer = Timer{clock, clock.within(timers::lazy_counters, std::chrono::seconds{1}, [this] { group(); })};
    }
    lazy.emplace_back(shard.stream->shared_from_this(), &shard);
}

void Engine::State::commit_posted() {
    posted = false;
    if (!open) return;
    if (writing) return;   // collect_write goes on with it: groups are committed in order
    commit_now(std::exchange(open, nullptr));
}

void Engine::State::commit_now(const std::shared_ptr<Group>& mine) {
    if (options.commit_on_thread || mine->bytes > options.most_bytes_on_loop) return start_write(mine);
    run(*mine);
    finish(mine);
}

void Engine::State::flush() {
    if (!lazy.empty() || stale()) group();
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
    std::string out;
    out.reserve(before_usage + 1 + sizeof(Usage));
    for (const auto* bucket : shard.buckets()) {
        const auto saved = bucket->save();
        append_little_endian(out, {saved.thousandths, saved.filled_ms});
    }
    append_little_endian(out, {shard.last_appended_ms, shard.trimmed});
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

namespace {

// The scopes of a group, those that are bound to one another as one, in the order in which they were first queued.
class Units {
  public:
    explicit Units(const Group& group) {
        for (const auto& [one, other] : group.bound) root_[root(one)] = root(other);
        for (const auto& append : group.batch.appends) number(append.log);
        for (const auto& scope : group.put_scopes) number(scope);
        for (const auto& scope : group.drop_scopes) number(scope);
        for (const auto* shards : {&group.dirty, &group.trimmed})
            for (const auto& place : *shards) number(place.log);
        for (const auto& scope : scopes()) number(scope);
    }
    Group::Scope root(Group::Scope scope) {
        auto& above = root_.try_emplace(scope, scope).first->second;
        return above == scope ? scope : above = root(above);
    }
    std::size_t number(Group::Scope scope) { return numbers_.try_emplace(root(scope), numbers_.size()).first->second; }
    std::size_t count() const { return numbers_.size(); }
    // All of the group's.
    std::vector<Group::Scope> scopes() const {
        std::vector<Group::Scope> all;
        for (const auto& [scope, above] : root_) all.push_back(scope);
        return all;
    }

  private:
    std::map<Group::Scope, Group::Scope> root_;
    std::map<Group::Scope, std::size_t> numbers_;
};

bool is_world(std::string_view key) { return key.starts_with(world_key()); }

// The records of worlds and of the folder, which all units share: the last put of each.
std::map<std::string_view, const storage::Batch::Put*> newest_records(const std::vector<storage::Batch::Put>& puts) {
    const auto folder = folder_key();
    std::map<std::string_view, const storage::Batch::Put*> newest;
    for (const auto& put : puts)
        if (is_world(put.key) || put.key == folder) newest[put.key] = &put;
    return newest;
}

}   // namespace

// Everything at once; when it does not fit, unit by unit. What the disk fails is failed as a whole: it would fail again.
Group::Failed Engine::State::write(const Group& group) const {
    if (group.batch.empty()) return {};
    const auto all = store.commit(group.batch);
    if (all) return {};
    const auto fault_of = [](storage::Error e) { return e == storage::Error::no_space ? Fault::no_space : Fault::storage; };
    Units units{group};
    std::vector<std::optional<Fault>> faults(units.count());
    if (all.error() != storage::Error::no_space) {
        std::ranges::fill(faults, fault_of(all.error()));
    } else {
        const auto newest = newest_records(group.batch.puts);
        if (!group.batch.trims.empty()) {
            // Trims make the space that the rest wants, so they do not wait for it. Done twice they do nothing.
            storage::Batch space;
            space.trims = group.batch.trims;
            // With the clocks that they were due by: after a kill none must stand where what they drop would still be kept.
            for (const auto& [key, put] : newest)
                if (is_world(key)) space.puts.push_back(*put);
            if (!space.puts.empty()) {
                if (store.commit(space)) space.clear();
                space.puts.clear();
            }
            if (!space.empty() && !store.commit(space))
                for (const auto& place : group.trimmed) faults[units.number(place.log)] = Fault::no_space;
        }
        std::vector<storage::Batch> parts(units.count());
        std::set<LogId> dropped;
        for (std::size_t i = 0; i < group.batch.drops.size(); ++i) {
            parts[units.number(group.drop_scopes[i])].drops.push_back(group.batch.drops[i]);
            dropped.insert(group.batch.drops[i].log);
        }
        for (const auto& append : group.batch.appends)   // what goes needs no room first
            if (!dropped.contains(append.log)) parts[units.number(append.log)].appends.push_back(append);
        // Every unit takes the newest of the worlds' and the folder's records: an older one, stored behind a newer, would give
        // numbers out again.
        for (std::size_t i = 0; i < group.batch.puts.size(); ++i) {
            const auto& put = group.batch.puts[i];
            const auto found = newest.find(put.key);
            parts[units.number(group.put_scopes[i])].puts.push_back(found == newest.end() ? put : *found->second);
        }
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const auto one = parts[i].empty() || faults[i] ? storage::Result<void>{} : store.commit(parts[i]);
            if (!one && !faults[i] && !planted("second-failure-not-told")) faults[i] = fault_of(one.error());
        }
    }
    Group::Failed failed;
    for (const auto& scope : units.scopes())
        if (const auto fault = faults[units.number(scope)]) failed.emplace(scope, *fault);
    return failed;
}

// Running values and producers are taken at the last moment, once per group.
void Engine::State::prepare(Group& group) {
    for (auto& [stream, shard] : std::exchange(lazy, {})) {
        shard->lazy = false;
        if (planted("lazy-value-not-written")) continue;
        if (std::exchange(shard->dirty_in, group.serial) != group.serial)
            group.dirty.push_back({std::move(stream), shard, shard->log()});
    }
    lazy_timer.stop();
    // A shard that was undone meanwhile must not leave anything to the next one of its number.
    for (const auto& [stream, shard, log] : group.dirty)
        if (!stream->deleted && stream->shard(shard->index) == shard && group.outcome(log))
            group.put(log, shard_key(*stream, shard->index), running_value(*shard));
    if (stale()) {
        for (const auto& [id, books] : worlds)
            if (std::exchange(books->stale, false)) group.put({}, world_key(id), record_of(*books).SerializeAsString());
        if (std::exchange(folder_stale, false)) group.put({}, folder_key(), folder_record().SerializeAsString());
    }
    for (const auto& [shard, log, producer] : group.producers) {
        if (planted("producer-not-written")) break;
        const auto found = shard->producers.find(producer);
        if (found != shard->producers.end() && !shard->stream->deleted && group.outcome(log)) {
            const auto& clock = clock_of(*shard);
            group.put(log, producer_key(*shard->stream, shard->index, producer),
                      encode_producer(found->second, clock.live() - clock.real()));
        }
    }
}

bool Engine::State::stale() const {
    return folder_stale || std::ranges::any_of(worlds, [](const auto& one) { return one.second->stale; });
}

// The clock has moved all the same, and numbers that were given out stay so: what failed of that goes with the next group.
void Engine::State::record_lost(std::string_view key) {
    if (key == folder_key()) folder_stale = true;
    if (!is_world(key)) return;
    const auto lost = worlds.find(WorldId{static_cast<std::uint32_t>(read_big_endian(key.substr(world_key().size())))});
    if (lost != worlds.end()) lost->second->stale = true;
}

void Engine::State::run(Group& group) {
    if (!planted("snapshot-kept-across-commit")) turn.reset();   // a store under an open snapshot cannot use its free pages
    prepare(group);
    group.just_failed = write(group);
    group.failed.insert(group.just_failed.begin(), group.just_failed.end());
}

namespace {

// Takes out of a group that is not written yet all units that a failed scope is part of; true when there was any.
bool take_out(Group& later, const Group::Failed& failed) {
    Units units{later};
    std::map<Group::Scope, Fault> roots;
    for (const auto& [scope, fault] : failed) roots.emplace(units.root(scope), fault);
    bool any = false;
    const auto goes = [&](Group::Scope scope) { return roots.contains(units.root(scope)); };
    const auto keep = [&](auto& things, auto& scopes) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < things.size(); ++i) {
            if (goes(scopes[i])) {
                any = true;
                continue;
            }
            if (kept != i) {
                things[kept] = std::move(things[i]);
                scopes[kept] = scopes[i];
            }
            ++kept;
        }
        things.resize(kept);
        scopes.resize(kept);
    };
    for (std::size_t i = 0; i < later.batch.puts.size(); ++i)
        if (goes(later.put_scopes[i])) later.lost.push_back(later.batch.puts[i].key);
    keep(later.batch.puts, later.put_scopes);
    keep(later.batch.drops, later.drop_scopes);
    any |= std::erase_if(later.batch.appends, [&](const auto& append) { return goes(append.log); }) != 0;
    for (const auto* shards : {&later.trimmed, &later.dirty})
        any |= std::ranges::any_of(*shards, [&](const auto& one) { return goes(one.log); });
    if (any)
        for (const auto& scope : units.scopes())
            if (const auto found = roots.find(units.root(scope)); found != roots.end())
                later.failed.emplace(scope, Fault::storage);
    return any;
}

}   // namespace

// What failed is read again from the store, and so is what was queued on top of it meanwhile; nothing else is.
void Engine::State::undo(Group& group, Group* later) {
    const auto fell = [&](const Group* one, Group::Scope scope) {
        return (one == &group ? one->just_failed : one->failed).contains(scope);
    };
    const auto log_fell = [&](const Shard& shard) {
        const auto log = shard.log();
        return fell(&group, log) || (later && fell(later, log));
    };
    std::set<const Stream*> changed;
    for (Group* one : {later, &group}) {   // the newest first: it may have taken an older one's name
        if (!one) continue;
        for (auto& [scope, undone] : one->undos)
            if (fell(one, scope)) undone();
        for (auto stream = one->streams.rbegin(); stream != one->streams.rend(); ++stream)
            if (fell(one, scope_of(**stream)) && changed.insert(stream->get()).second) reload_stream(*stream, log_fell);
    }
    for (const Group* one : {static_cast<const Group*>(&group), static_cast<const Group*>(later)}) {
        if (!one) continue;
        for (const auto* touched : {&one->dirty, &one->trimmed})
            for (const auto& [stream, shard, log] : *touched)
                if (fell(one, log) && stream->shard(shard->index) == shard) read_shard(*shard);
    }
    std::set<World*> worlds_changed;
    for (const auto* stream : changed) worlds_changed.insert(stream->world);
    for (auto* world : worlds_changed) {
        books_of(*world).name_seconds.clear();
        world->changed.fire();
    }
}

// What doors keep was changed in memory when it was queued: they look again what the store holds.
void Engine::State::tell_unstored(const Group& group) {
    const auto tell = [&](std::string_view key) {
        record_lost(key);
        if (key.size() < 5 || key[4] != 'D') return;
        const auto world = worlds.find(WorldId{static_cast<std::uint32_t>(read_big_endian(key.substr(0, 4)))});
        if (world == worlds.end()) return;
        for (const auto& told : *on_unstored) told(*world->second, key.substr(5));
    };
    for (const auto& key : group.lost) tell(key);
    for (std::size_t i = 0; i < group.batch.puts.size(); ++i)
        if (!group.outcome(group.put_scopes[i])) tell(group.batch.puts[i].key);
}

void Engine::State::finish(const std::shared_ptr<Group>& group) {
    if (!planted("snapshot-kept-across-commit")) turn.reset();
    group->finished = true;
    std::erase_if(lately_final, [&](const auto& one) { return one.second <= group->serial; });
    std::shared_ptr<Group> later;
    if (!group->just_failed.empty()) {
        // What is left of the next group is written at once: what comes now stands on what the store has.
        if (open && take_out(*open, group->just_failed)) later = std::exchange(open, nullptr);
        undo(*group, later.get());
        tell_unstored(*group);
        if (later) {
            tell_unstored(*later);
            later->lost.clear();
        }
        events.note("a write could not be stored and was undone: the store is full or the disk failed");
    }
    for (const auto& touched : group->touched) {
        if (!group->outcome(touched.log)) continue;
        const auto& stream = touched.stream;
        auto* shard = touched.shard;
        shard->end = std::max(shard->end, touched.end);
        if (shard->kept_known) shard->kept_bytes += touched.bytes;
        if (!shard->front) shard->front_known = false;
        if (!stream->deleted) arm_trim(*shard);
        if (!planted("readers-not-woken")) shard->appended.fire();
    }
    for (const auto& stream : group->streams)
        if (group->outcome(scope_of(*stream)) && std::exchange(stream->trim_when_stored, false))
            for (const auto& shard : stream->shards) trim(*shard);
    bring_swept();
    group->forget_contents();
    resume_waiting(group);
    if (later) commit_now(later);
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
    mine->just_failed = std::exchange(written, {});
    mine->failed.insert(mine->just_failed.begin(), mine->just_failed.end());
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
