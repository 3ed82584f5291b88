// A stream's records as one reader works them off that settles each by itself: taken for a while, settled, or seen again (rule
// 22). It follows all shards of the stream, those to come too, each from where the reader begins; what it knows is stored in
// blocks under a prefix of its owner's, so that a change costs what changed. Kinesis' queues are made of one each.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "emulator/streams/engine.h"
#include "emulator/streams/queues/deliveries.h"

namespace sluice::streams {

// Records that a reader has taken and not settled: beyond so many it is given no new ones. Ours; SQS has 120,000.
inline constexpr std::size_t most_unsettled = 120'000;

// Where a reader begins in a shard that it has not read yet.
struct BacklogStart {
    std::vector<Position> ends;   // of the shards there were, by index; any other is read from its oldest record on
    std::optional<Time> since;    // or all of them from the first record of that time on
};

class Backlog {
  public:
    struct Options {
        std::string stream;   // by name, and its number: another stream of that name is another
        StreamId id{};
        std::string prefix;   // of its stored keys
        BacklogStart start;
        std::int32_t give_up_after = 0;   // as below
    };
    Backlog(Engine&, World&, Options);
    ~Backlog();
    // A record that was received so often and not settled is given up on when its time is over; 0: none is.
    void give_up_after(std::int32_t receives);

    struct Wanted {
        std::int32_t records{};
        std::int64_t bytes{};
        milliseconds hidden_for{};   // from other takers
        bool dead = false;           // of those that were given up on
    };
    struct Taken {
        const Shard* shard{};
        Record record;
        Delivery delivery;
    };
    // Valid in this turn of the loop.
    struct Batch {
        std::vector<Taken> taken;
        Ticket stored;   // when all of them count as taken
        bool failed = false, full = false;
        // Nothing could be taken, because it is not known yet where to begin there, or only a disk has it: `reach` waits for
        // that.
        const Shard* away = nullptr;
        Position at{};
        std::vector<Chunk> chunks;   // what the records point into
    };
    Batch take(Wanted);
    Task<void> reach(const Batch&);
    // Fires when there may be something to take; for the last time when the stream is gone.
    const Signal& changed() const { return changed_; }

    // ---- of a delivery that was handed out: the record as it was received the n-th time ----
    enum class Outcome : std::uint8_t { done, unknown, stale, not_hidden };
    struct Handed {
        RecordPlace place;
        std::int32_t received{};
        bool dead = false;
    };
    // One that is settled already is done.
    Outcome settle(const Handed&);
    // unknown: it is settled, or was never taken. stale: somebody received it since. not_hidden: its time is over.
    Outcome hide(const Handed&, milliseconds);
    Outcome revive(const Handed&);   // of those that were given up on
    Ticket store();                  // what was changed so

    void erase();                           // all that is stored
    void unstored(std::string_view rest);   // of a key behind the prefix: what the store has counts
    std::size_t size() const { return deliveries_.size(); }

  private:
    struct Lane;
    StreamPointer stream() const;
    void load();
    bool read(std::string_view rest, std::string_view value);
    void follow(const Stream&);
    void expire();
    void arm();
    void take_visible(const Stream&, Batch&, Wanted&);
    void forget_gone(const Stream&);
    void take_new(const Stream&, Batch&, Wanted&);
    bool take_of(Lane&, const Shard&, Batch&, Wanted&);
    std::optional<Position> begin_of(const Shard&) const;
    std::optional<Outcome> fault_of(const Handed&) const;
    milliseconds live_ahead() const { return world_.clock->live() - world_.clock->real(); }

    Engine& engine_;
    World& world_;
    const Options options_;
    Deliveries deliveries_;
    std::vector<std::unique_ptr<Lane>> lanes_;   // by shard
    std::set<std::int32_t> fresh_;               // in which there may be something that nobody took
    std::set<std::int32_t> moved_;               // whose next position is to be stored
    std::int32_t cursor_ = 0;                    // the shard to begin with
    bool new_first_ = false;                     // by turns, so that neither what comes anew nor what comes again waits for ever
    std::int32_t most_received_ = 0;
    std::uint64_t told_ = 0;   // of what came back, how much `changed` has told
    Ticket last_;
    Timer expiry_;
    Signal changed_;
};

}   // namespace sluice::streams
