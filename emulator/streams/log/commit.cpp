// Groups: what one turn of the loop queued becomes one store batch, and its outcome goes to whoever waits for it.
#include <algorithm>

#include "emulator/streams/catalog/stored.h"
#include "emulator/streams/log/units.h"
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
    for (const auto id : std::exchange(stale_worlds, {}))
        group.put({}, world_key(id), record_of(*worlds.at(id)).SerializeAsString());
    if (std::exchange(folder_stale, false)) group.put({}, folder_key(), folder_record().SerializeAsString());
    const World* world = nullptr;   // of the producers so far: its clock is read once for all of them
    milliseconds live_ahead{};
    for (const auto& [shard, log, producer] : group.producers) {
        if (planted("producer-not-written")) break;
        if (std::exchange(world, shard->stream->world) != shard->stream->world)
            live_ahead = world->clock->live() - world->clock->real();
        const auto found = shard->producers.find(producer);
        if (found != shard->producers.end() && !shard->stream->deleted && group.outcome(log))
            group.put(log, producer_key(*shard->stream, shard->index, producer), encode_producer(found->second, live_ahead));
    }
}

void Engine::State::run(Group& group) {
    if (!planted("snapshot-kept-across-commit")) turn.reset();   // a store under an open snapshot cannot use its free pages
    prepare(group);
    group.just_failed = write(group);
    group.failed.insert(group.just_failed.begin(), group.just_failed.end());
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

}   // namespace sluice::streams
