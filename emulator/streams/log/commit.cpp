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

Position Ticket::base() const {
    if (!done()) stop_for_bug("a position is asked for before its commit");
    return base_;
}

// Everybody who waits goes on, one after the other, in a turn of their own.
void Writer::resume_waiting(const std::shared_ptr<Group>& group) {
    if (group->waiting.empty()) return;
    asio::post(engine_.executor, [waiting = std::exchange(group->waiting, {})]() mutable {
        for (auto& resume : waiting) resume();
    });
}

Group& Writer::group() {
    if (!open_) {
        open_ = std::make_shared<Group>();
        open_->serial = ++groups_;
    }
    if (!posted_) {
        posted_ = true;
        // Behind everything this turn of the loop has ready: those handlers queue into the same group.
        asio::post(engine_.executor, [weak = engine_.weak_from_this()] {
            if (auto self = weak.lock()) self->writer.commit_posted();
        });
    }
    return *open_;
}

Ticket Writer::ticket(Group::Scope scope, Position base) {
    group();
    return Ticket{open_, scope ? scope : in_unit_, base};
}

void Writer::put(Group::Scope scope, std::string key, std::string value) {
    group().put(scope ? scope : in_unit_, std::move(key), std::move(value));
    bind(scope);
}

void Writer::bind(Group::Scope scope) {
    if (in_unit_ && scope) group().bind(in_unit_, scope);
}

Group::Scope Writer::begin_unit() {
    const auto scope = scope_of_unit(++units_opened_);
    bind(scope);
    return in_unit_ = scope;
}

Writer::Changing::Changing(Writer& writer, const OwnedStream& stream) : writer_(writer), before_(writer.in_unit_) {
    const auto scope = scope_of(*stream);
    auto& mine = writer.group();
    mine.bind(scope, before_ ? before_ : scope);
    if (mine.streams.empty() || mine.streams.back() != stream) mine.streams.push_back(stream);
    writer.in_unit_ = scope;
}

void Writer::touch(Shard& shard) {
    auto& mine = group();
    if (std::exchange(shard.dirty_in, mine.serial) != mine.serial)
        mine.dirty.push_back({shard.stream->shared_from_this(), &shard, shard.log()});
}

// Reads and refusals change only counters and tokens: not worth a commit of their own each turn.
void Writer::touch_lazily(Shard& shard) {
    if (std::exchange(shard.lazy, true)) return;
    if (lazy_.empty()) {
        auto& clock = clock_of(shard);
        lazy_timer_ = Timer{clock, clock.within(timers::lazy_counters, std::chrono::seconds{1}, [this] { group(); })};
    }
    lazy_.emplace_back(shard.stream->shared_from_this(), &shard);
}

void Writer::commit_posted() {
    posted_ = false;
    if (!open_) return;
    if (writing_) return;   // collect_write goes on with it: groups are committed in order
    commit_now(std::exchange(open_, nullptr));
}

void Writer::commit_now(const std::shared_ptr<Group>& mine) {
    if (engine_.options.commit_on_thread || mine->bytes > engine_.options.most_bytes_on_loop) return start_write(mine);
    run(*mine);
    finish(mine);
}

void Writer::flush_if_queued() {
    if (open_ || writing_) flush();
}

void Writer::flush() {
    if (!lazy_.empty() || stale()) group();
    for (;;) {
        if (writing_) {
            std::unique_lock lock{mutex_};
            wake_.wait(lock, [this] { return writer_done_; });
            lock.unlock();
            finish(take_written());
        } else if (open_) {
            const auto mine = std::exchange(open_, nullptr);
            run(*mine);
            finish(mine);
        } else {
            return;
        }
    }
}

// Running values and producers are taken at the last moment, once per group.
void Writer::prepare(Group& group) {
    for (auto& [stream, shard] : std::exchange(lazy_, {})) {
        shard->lazy = false;
        if (planted("lazy-value-not-written")) continue;
        if (std::exchange(shard->dirty_in, group.serial) != group.serial)
            group.dirty.push_back({std::move(stream), shard, shard->log()});
    }
    lazy_timer_.stop();
    // A shard that was undone meanwhile must not leave anything to the next one of its number.
    for (const auto& [stream, shard, log] : group.dirty)
        if (!stream->deleted && !shard->expired && stream->shard(shard->index) == shard && group.outcome(log))
            group.put(log, shard_key(*stream, shard->index), running_value(*shard));
    for (const auto id : std::exchange(stale_worlds_, {}))
        group.put({}, world_key(id), record_of(*engine_.catalog.worlds().at(id)).SerializeAsString());
    if (std::exchange(folder_stale_, false)) group.put({}, folder_key(), engine_.catalog.folder_record().SerializeAsString());
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

void Writer::run(Group& group) {
    if (!planted("snapshot-kept-across-commit"))
        engine_.reader.end_snapshot();   // a store under an open snapshot cannot use its free pages
    prepare(group);
    group.just_failed = write(group);
    group.failed.insert(group.just_failed.begin(), group.just_failed.end());
}

void Writer::finish(const std::shared_ptr<Group>& group) {
    if (!planted("snapshot-kept-across-commit")) engine_.reader.end_snapshot();
    group->finished = true;
    std::erase_if(lately_final_, [&](const auto& one) { return one.second <= group->serial; });
    std::shared_ptr<Group> later;
    if (!group->just_failed.empty()) {
        // What is left of the next group is written at once: what comes now stands on what the store has.
        if (open_ && take_out(*open_, group->just_failed)) later = std::exchange(open_, nullptr);
        const auto unmade = undo(*group, later.get());
        tell_unstored(*group);
        if (later) {
            tell_unstored(*later);
            later->lost.clear();
        }
        // Doors may have stored meanwhile what stands on them: a member's partitions, offsets, a queue.
        for (const auto& stream : unmade)
            for (const auto& told : engine_.listeners.on_removed) told(*stream);
        engine_.events.note("a write could not be stored and was undone: the store is full or the disk failed");
    }
    for (const auto& touched : group->touched) {
        if (!group->outcome(touched.log)) continue;
        const auto& stream = touched.stream;
        auto* shard = touched.shard;
        shard->end = std::max(shard->end, touched.end);
        shard->undecided = touched.undecided;
        if (shard->kept_known) shard->kept_bytes += touched.bytes;
        if (!shard->front) shard->front_known = false;
        if (!stream->deleted) engine_.upkeep.arm_trim(*shard);
        engine_.cleaner.appended(*shard, touched.bytes);
        if (!planted("readers-not-woken")) shard->appended.fire();
    }
    for (const auto& stream : group->streams)
        if (group->outcome(scope_of(*stream)) && std::exchange(stream->trim_when_stored, false))
            for (auto& shard : stream->shards) engine_.upkeep.trim(*shard);
    engine_.reader.bring_swept();
    group->forget_contents();
    resume_waiting(group);
    if (later) commit_now(later);
}

}   // namespace sluice::streams
