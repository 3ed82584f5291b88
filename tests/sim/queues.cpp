// A queue on a stream: what it hands out must be there, unsettled, visible, and counted right, over restarts and whatever else
// becomes of the stream; and when it hands out nothing, there is nothing. It is asked when nothing is queued, so that each of its
// answers is stored and known.
#include <algorithm>

#include "tests/sim/history.h"

namespace sluice::sim {

namespace {

// What lies before it is gone.
Position begin_of(const streams::Shard& shard, streams::Engine& engine) { return engine.bounds(shard).begin; }

void expire(Queue& queue, Ms live) {
    for (auto& [place, one] : queue.open)
        if (one.hidden && one.until <= live) {
            one.hidden = false;
            one.dead |= queue.most_received != 0 && one.received - one.spared >= queue.most_received;
        }
}

}   // namespace

void History::make_queue(Stream& stream) {
    const bool latest = one_in(2);
    const auto& shown = real(stream.name);
    Queue queue{.most_received = static_cast<std::int32_t>(below(4))};
    auto made =
        machine_->engine->queues().create(shown, {.name = fmt::format("queue-{}", stream.serial),
                                                  .account = "000000000000",
                                                  .region = "us-east-1",
                                                  .start = latest ? streams::QueueStart::latest : streams::QueueStart::oldest,
                                                  .since = {},
                                                  .attributes = {.visibility_s = 30, .most_received = queue.most_received},
                                                  .tags = {}});
    if (!made) broken("a queue on {} was refused", stream.name);
    queue.id = made->queue->id;
    if (latest)
        for (const auto& shard : stream.shards) queue.next.push_back(shard.stable());
    say("a queue on {} from the {}", stream.name, latest ? "latest" : "oldest");
    stream.queue = std::move(queue);
    machine_->settle();
    if (!made->ticket.outcome()) broken("a queue on {} was not stored", stream.name);
}

void History::work_queue(Stream& stream) {
    if (!stream.queue) return make_queue(stream);
    auto& queues = machine_->engine->queues();
    const auto found = queues.find(machine_->engine->default_world(), stream.queue->id);
    if (!found) broken("the queue of {} is gone", stream.name);
    auto& backlog = streams::Queues::backlog(*found);
    auto& queue = *stream.queue;
    const auto live = to_ms(machine_->clock().live());
    expire(queue, live);
    const auto kind = below(100);
    if (kind < 60 || queue.open.empty()) return take_of_queue(stream, backlog, kind % 6 == 0, live);
    if (kind < 62) {
        queue.most_received = static_cast<std::int32_t>(below(4));
        const auto changed = queues.update(*found, {.visibility_s = 30, .most_received = queue.most_received});
        machine_->settle();
        if (!changed || !changed->outcome()) broken("a change of the queue of {} was not stored", stream.name);
        return say("the queue of {} gives up after {} receives", stream.name, queue.most_received);
    }
    if (kind < 63) {
        const auto removed = queues.remove(*found);
        machine_->settle();
        if (!removed.outcome()) broken("the end of the queue of {} was not stored", stream.name);
        stream.queue.reset();
        return say("the queue of {} is deleted", stream.name);
    }
    const auto at = std::next(queue.open.begin(), static_cast<std::ptrdiff_t>(below(queue.open.size())));
    const auto place = at->first;
    auto& one = at->second;
    const bool stale = one_in(6);
    const streams::Backlog::Handed handed{{place.first, place.second}, one.received + (stale ? 1 : 0), one.dead};
    using Outcome = streams::Backlog::Outcome;
    auto wanted = stale ? Outcome::stale : Outcome::done;
    const char* what = "settled";
    Outcome outcome{};
    if (kind < 85) {
        outcome = backlog.settle(handed);
        if (!stale) queue.open.erase(at);
    } else if (kind < 95 || !one.dead) {
        const auto span = static_cast<Ms>(below(3) * 20'000);
        if (!stale && !one.hidden) wanted = Outcome::not_hidden;
        outcome = backlog.hide(handed, milliseconds{span});
        if (wanted == Outcome::done) one.until = live + span;
        what = "hidden";
    } else {
        outcome = backlog.revive(handed);
        if (!stale) one.dead = one.hidden = false, one.spared = one.received;
        what = "revived";
    }
    if (outcome != wanted)
        broken("{}/{} of the queue of {} was to be {}, with outcome {} in place of {}", place.first, place.second, stream.name,
               what, static_cast<int>(outcome), static_cast<int>(wanted));
    const auto ticket = backlog.store();
    machine_->settle();
    if (!ticket.outcome()) broken("a change of the queue of {} was not stored", stream.name);
    say("{}/{} of the queue of {} is {}", place.first, place.second, stream.name, what);
}

void History::take_of_queue(Stream& stream, streams::Backlog& backlog, bool dead, Ms live) {
    auto& queue = *stream.queue;
    auto& engine = *machine_->engine;
    const auto span = static_cast<Ms>(below(4) * 15'000);
    const auto batch = backlog.take(
        {.records = static_cast<std::int32_t>(1 + below(10)), .bytes = 8 << 20, .hidden_for = milliseconds{span}, .dead = dead});
    if (batch.failed || batch.away) broken("the queue of {} could not be read", stream.name);
    queue.next.resize(stream.shards.size());
    for (const auto& [shard, record, delivery] : batch.taken) {
        const auto index = shard->index;
        const auto& expected = stream.shards[static_cast<std::size_t>(index)];
        const auto where = fmt::format("the queue of {} hands out {}/{}", stream.name, index, record.position);
        if (record.position < begin_of(*shard, engine) || record.position >= expected.stable())
            broken("{}, which is not there", where);
        const auto& wanted = expected.record(record.position);
        if (!record.value || kafka::as_text(*record.value) != wanted.value || kafka::as_text(*record.key) != wanted.key)
            broken("{} with other bytes", where);
        if (const auto known = queue.open.find({index, record.position}); known != queue.open.end()) {
            auto& one = known->second;
            if (one.hidden) broken("{}, which somebody works on", where);
            if (one.dead != dead) broken("{}, which is {}a dead letter", where, dead ? "not " : "");
            ++one.received;
        } else {
            auto& next = queue.next[static_cast<std::size_t>(index)];
            next = expected.next_shown(std::max(next, begin_of(*shard, engine)));
            if (dead || record.position != next) broken("{}, where {} is the next", where, next);
            ++next;
            queue.open[{index, record.position}].received = 1;
        }
        auto& one = queue.open[{index, record.position}];
        one.hidden = true;
        one.until = live + span;
        if (delivery.received != one.received || delivery.spared != one.spared)
            broken("{} for the {}th time and not the {}th", where, delivery.received, one.received);
    }
    // What retention took is forgotten.
    std::erase_if(queue.open,
                  [&](const auto& one) { return one.first.second < begin_of(real(stream.name, one.first.first), engine); });
    if (batch.taken.empty()) {
        for (const auto& [place, one] : queue.open)
            if (!one.hidden && one.dead == dead)
                broken("the queue of {} hands out nothing, and {}/{} is there", stream.name, place.first, place.second);
        for (std::size_t i = 0; !dead && i < stream.shards.size(); ++i)
            if (stream.shards[i].next_shown(std::max(queue.next[i], begin_of(real(stream.name, static_cast<std::int32_t>(i)),
                                                                             engine))) < stream.shards[i].stable())
                broken("the queue of {} hands out nothing, and nobody took {}/{}", stream.name, i, queue.next[i]);
    }
    say("the queue of {} hands out {} {}", stream.name, batch.taken.size(), dead ? "dead letters" : "records");
    const auto ticket = batch.stored;
    machine_->settle();
    if (!batch.taken.empty() && !ticket.outcome()) broken("what the queue of {} handed out was not stored", stream.name);
}

}   // namespace sluice::sim
