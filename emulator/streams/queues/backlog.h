// A stream's records as one reader works them off that settles each by itself: taken for a while, settled, or seen again (rule
// 22). It follows all shards of the stream, those to come too, each from where the reader begins; what it knows is stored in
// blocks under a prefix of its owner's, so that a change costs what changed. Kinesis' queues are made of one each.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
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

// A record that a reader is done with, though nobody accepted it.
struct GivenUp {
    RecordPlace place;
    std::int32_t received{};
    bool rejected = false;   // by who held it; else it was received as often as it may be
};

class Backlog {
  public:
    struct Options {
        std::string stream;   // by name, and its number: another stream of that name is another
        StreamId id{};
        std::string prefix;   // of its stored keys
        BacklogStart start;
        std::int32_t give_up_after = 0;   // as below
        bool holders = false;             // takers are told apart: acquire, not take
        // Of takers that are told apart: called within the unit that stores that they are settled.
        std::function<void(std::span<const GivenUp>)> gave_up{};
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

    // ---- for takers that are told apart (Deliveries): whole batches of one shard (acquire.cpp). A record that was received as
    // often as it may be is settled when its time is over. ----
    struct Wish {
        std::uint32_t holder{};
        std::int32_t records{};
        std::int64_t bytes{};
        bool strictly = false;   // no record more, even of the last batch
        bool looks = false;      // only says how much there is
        bool any_size = true;    // the first batch comes whatever its size
        milliseconds held_for{};
        std::size_t most_held{};   // with so many in the shard it gets no fresh ones
        Isolation isolation{};
        std::int32_t run_records{};   // a run that has so many ends with its batch
    };
    struct Acquired {
        struct Run {
            Position first{}, last{};
            std::int32_t received{};
        };
        std::vector<Run> runs;                 // by place
        std::vector<storage::Bytes> batches;   // that hold them; valid in this turn of the loop
        std::int32_t records = 0;
        std::int64_t bytes = 0;
        bool more = false;   // there may be more than was wished for
        bool cold = false;   // it lies where only a disk has it: the shard's `brought` fires
        bool failed = false;
    };
    // Precondition: it is known where the shard begins. Nothing is stored before `store`.
    Acquired acquire(const Shard&, const Wish&);
    std::optional<Position> next(std::int32_t shard) const;    // from there on nobody took anything; nothing: not known yet
    std::optional<Position> start(std::int32_t shard) const;   // before it all is settled
    void begin_at(std::int32_t shard, Position);               // whatever was there
    void forget(std::int32_t shard);                           // where it begins, too
    const Deliveries& deliveries() const { return deliveries_; }
    void settle_held(RecordPlace);
    void reject_held(RecordPlace);
    void give_back(RecordPlace);
    void hold_longer(RecordPlace place, milliseconds span) { deliveries_.hide(place, world_.clock->live() + span); }
    void release(std::uint32_t holder);    // all that it holds
    const Signal& changed(const Shard&);   // there may be something to acquire

    void erase();                           // all that is stored
    void unstored(std::string_view rest);   // of a key behind the prefix: what the store has counts
    std::size_t size() const { return deliveries_.size(); }

  private:
    // A shard as this reader sees it. `next`: from here on nobody took anything; unknown before it is looked at.
    struct Lane final : Follower {
        Lane(Backlog& of, std::int32_t index) : owner(of), shard(index) {}
        void fired() override;
        Backlog& owner;
        const std::int32_t shard;
        std::optional<Position> next;
        Signal changed;
    };
    Lane& lane_of(const Shard&);
    Lane* known_lane(std::int32_t shard) const;
    std::optional<Position> candidate(const Lane&, const Shard&, const Wish&, Position at, Position end) const;
    void acquire_batch(Lane&, const Wish&, const storage::EntryView&, bool skipped, Position at, Acquired&);
    StreamPointer stream() const;
    void load();
    bool read(std::string_view rest, std::string_view value);
    void follow(const Stream&);
    void expire();
    void give_up(RecordPlace, bool rejected);
    void tell_lanes();
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
    std::vector<std::unique_ptr<Lane>> lanes_;      // by shard
    std::set<std::int32_t> fresh_;                  // in which there may be something that nobody took
    std::set<std::int32_t> moved_;                  // whose next position is to be stored
    std::map<std::int32_t, std::size_t> crowded_;   // shards that hold as much as they may, or more, and what they may
    std::int32_t cursor_ = 0;                       // the shard to begin with
    bool new_first_ = false;   // by turns, so that neither what comes anew nor what comes again waits for ever
    std::int32_t most_received_ = 0;
    std::vector<GivenUp> given_up_;   // and not told of yet
    std::uint64_t told_ = 0;          // of what came back, how much `changed` has told
    Ticket last_;
    Timer expiry_;
    Signal changed_;
};

}   // namespace sluice::streams
