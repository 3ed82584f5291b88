// A random history of compacted topics: written by several producers, in transactions and without, with deletions, forks, faults
// of the store and kills in the middle of runs. Beside them a model that holds all that was ever written and says what of it has
// to be there, may be there and must not. When a run comes is the engine's affair, and the model asks how far it got; that one
// comes in time, it checks.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/history.h"

namespace sluice::sim {

class Compaction {
  public:
    explicit Compaction(const Plan&);
    ~Compaction();
    void run();   // throws Broken

  private:
    struct Written {
        Position at{};
        std::string key;
        std::optional<std::string> value;
        std::optional<std::size_t> transaction;
        Ms appended{};
    };
    struct Transaction {
        std::int64_t producer{};
        Position first{};
        enum { open, committed, aborted } state = open;
    };
    struct Writer {
        Position last_batch = -1;
        std::int32_t last_sequence{}, next_sequence{};
        std::size_t last_count{};
        std::optional<std::size_t> transaction;   // that is open
    };
    struct Topic {
        std::string name;
        std::vector<Written> records;
        std::vector<Transaction> transactions;
        std::map<std::int64_t, Writer> writers;
        Position begin = 0, end = 0;
        Position stable() const;
        bool dropped(const Written&) const;   // of an aborted transaction
    };

    void boot();
    void kill();
    void restart();
    void settle();
    void step();
    void write(Topic&);
    void write_again(Topic&);
    void end_transaction(Topic&, std::int64_t producer);
    void remove_before(Topic&);
    void fork(Topic&);
    void remove(const std::string& name);
    void move_clock();
    void look(const Topic&);
    void look_at_all();
    void finish();
    const streams::Shard& shard(const Topic&);
    Topic& any();
    Ms now() const { return to_ms(engine_->default_world().clock->now()); }
    std::uint64_t below(std::uint64_t n) { return chance_.below(n); }
    bool one_in(std::uint64_t n) { return chance_.below(n) == 0; }
    void say(const std::string& line);
    [[noreturn]] static void broken(const std::string& what) { throw Broken{"compaction: " + what}; }

    Plan plan_;
    Random chance_, ids_;
    ManualTime time_;
    SimStore store_;
    std::unique_ptr<asio::io_context> io_;
    std::unique_ptr<streams::Engine> engine_;
    std::map<std::string, Topic> topics_;
    int forks_ = 0, values_ = 0;
    bool failing_ = false;
};

}   // namespace sluice::sim
