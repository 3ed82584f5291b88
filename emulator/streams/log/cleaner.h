// The part that compacts: it knows when a shard's next run is due, walks its log in short steps on a thread of its own, writes
// what is left into another log in short groups, and has the shard read that one instead. A kill leaves the old log or the new
// one; a log that was half written is in the shard's record and goes with the next run.
#pragma once

#include <memory>

#include "emulator/streams/engine_part.h"

namespace sluice::streams {

class Cleaner : public EnginePart {
  public:
    Cleaner(Engine::State& engine, Executor executor) : EnginePart(engine), thread_(std::move(executor)) {}
    void stop() { thread_.stop(); }

    void appended(Shard&, std::uint64_t bytes);   // and committed
    // What is known of a shard's log is looked for again: it was read from the store, or its stream has other rules.
    void look_again(Shard&);

  private:
    struct Run;
    enum class Outcome;
    void measure(Shard&);
    void arm(Shard&, std::int64_t after_ms);
    void begin(Shard&, std::int64_t now_ms);
    Task<void> run(std::shared_ptr<Run>, std::weak_ptr<Engine::State>);
    Task<Outcome> steps(std::shared_ptr<Run>, std::weak_ptr<Engine::State>);
    bool queue_made(Run&);   // into the new log; false: there is nothing to wait for
    void give_up(Run&);
    Ticket exchange(Run&);

    Worker thread_;
};

}   // namespace sluice::streams
