// Kafka's producer.id.expiration.ms: a producer that wrote nothing for a day is a new one when it comes again. The day is one of
// live time (rule 5): a jump of the clock makes nobody forget a producer that is still there. Each producer is looked at once a
// day, in the order in which they may be over, and never all of them.
#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

milliseconds kept_for() { return std::chrono::hours{planted("producer-forgotten-early") ? 12 : 24}; }

}   // namespace

void Engine::State::watch_producer(Shard& shard, std::int64_t producer, ProducerState& state) {
    if (std::exchange(state.watched, true)) return;
    const auto at =
        watched_producers.emplace(state.wrote + kept_for(), Watched{shard.stream->weak_from_this(), shard.index, producer});
    if (at == watched_producers.begin()) arm_producers();
}

void Engine::State::arm_producers() {
    if (watched_producers.empty()) return producers_timer.stop();
    auto& clock = *world().clock;
    producers_timer =
        Timer{clock, clock.at(timers::producer_silence, watched_producers.begin()->first, [this] { forget_producers(); })};
}

// So many in a turn at most.
void Engine::State::forget_producers() {
    const auto now = world().clock->live();
    for (int left = 100; left > 0 && !watched_producers.empty() && watched_producers.begin()->first <= now; --left) {
        const auto one = watched_producers.extract(watched_producers.begin()).mapped();
        const auto stream = one.stream.lock();
        auto* shard = stream && !stream->deleted ? stream->shard(one.shard) : nullptr;
        if (!shard) continue;
        const auto found = shard->producers.find(one.producer);
        if (found == shard->producers.end()) continue;
        if (const auto over = found->second.wrote + kept_for(); over > now) {
            watched_producers.emplace(over, one);
            continue;
        }
        put(shard->log(), producer_key(*stream, shard->index, one.producer), "");
        touch(*shard);
        shard->producers.erase(found);
    }
    arm_producers();
}

}   // namespace sluice::streams
