// Kafka's producer.id.expiration.ms: a producer that wrote nothing for a day is a new one when it comes again. The day is one of
// live time (rule 5): a jump of the clock makes nobody forget a producer that is still there. Each producer is looked at once a
// day, in the order in which they may be over, and never all of them.
#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

milliseconds kept_for() { return std::chrono::hours{planted("producer-forgotten-early") ? 12 : 24}; }

}   // namespace

void Upkeep::watch_producer(Shard& shard, std::int64_t producer, ProducerState& state) {
    if (std::exchange(state.watched, true)) return;
    auto& books = books_of(*shard.stream);
    auto& watched = books.watched_producers;
    const auto at =
        watched.emplace(state.wrote + kept_for(), Books::Watched{shard.stream->weak_from_this(), shard.index, producer});
    if (at == watched.begin()) arm_producers(books);
}

void Upkeep::arm_producers(Books& books) {
    const auto& watched = books.watched_producers;
    if (watched.empty()) return books.producers_timer.stop();
    auto& clock = *books.clock;
    const auto next = watched.begin()->first;
    books.producers_timer = Timer{clock, clock.at(timers::producer_silence, next, [this, &books] { forget_producers(books); })};
}

// So many in a turn at most.
void Upkeep::forget_producers(Books& books) {
    const auto now = books.clock->live();
    auto& watched = books.watched_producers;
    for (int left = 100; left > 0 && !watched.empty() && watched.begin()->first <= now; --left) {
        const auto one = watched.extract(watched.begin()).mapped();
        const auto stream = one.stream.lock();
        auto* shard = stream && !stream->deleted ? stream->shard(one.shard) : nullptr;
        if (!shard) continue;
        const auto found = shard->producers.find(one.producer);
        if (found == shard->producers.end()) continue;
        auto over = found->second.wrote + kept_for();
        if (over <= now && found->second.open) over = now + kept_for();   // whoever ends its transaction must find it
        if (over > now) {
            watched.emplace(over, one);
            continue;
        }
        engine_.writer.put(shard->log(), producer_key(*stream, shard->index, one.producer), "");
        engine_.writer.touch(*shard);
        shard->producers.erase(found);
        arm_trim(*shard);   // it may have kept a closed shard from being expired
    }
    arm_producers(books);
}

}   // namespace sluice::streams
