// What one reader that settles each record by itself knows of the records that it took: how often each was received, until when
// nobody else gets it, and which were given up on. A machine without clock or store: its owner says what time it is and writes
// down the blocks that changed (backlog.h). A record that is settled is forgotten; one that nobody took yet is not here either.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/runtime/clock.h"
#include "storage/store.h"

namespace sluice::streams {

using storage::Position;

struct RecordPlace {
    std::int32_t shard{};
    Position position{};
    friend auto operator<=>(const RecordPlace&, const RecordPlace&) = default;
};

struct Delivery {
    std::int32_t received = 0;   // so many times
    std::int32_t spared = 0;     // of these so many do not count, since it was given another chance
    Time first;                  // virtual time of the first one
    Time until;                  // live time: nobody else gets it before
    bool hidden = false;         // it is before that
    bool dead = false;           // given up on: received as often as it may be, and not settled
    std::uint64_t turn = 0;      // of those that are not hidden, the one with the least comes first
    std::uint32_t holder = 0;    // who took it, where takers are told apart; not stored
};

class Deliveries {
  public:
    // Records are written down together with their neighbours: so many positions are one stored value.
    static constexpr Position block_positions = 64;
    struct Block {
        std::int32_t shard{};
        Position number{};
        friend auto operator<=>(const Block&, const Block&) = default;
    };
    static Block block_of(RecordPlace place) { return {place.shard, place.position / block_positions}; }

    // With holders: a record that is hidden is somebody's, whom only this process knows; so what is read from the store is not
    // hidden any more. What comes back is found by its place, and has no turn.
    explicit Deliveries(bool holders = false) : holders_(holders) {}
    Deliveries(const Deliveries&) = delete;
    Deliveries& operator=(const Deliveries&) = delete;

    std::size_t size() const { return all_.size(); }
    const Delivery* find(RecordPlace) const;
    // So many records in a row, for the first time; those that somebody took already stay as they are.
    void take(RecordPlace, Position count, Time first, Time until, std::uint32_t holder = 0);
    void take_again(RecordPlace, Time until, std::uint32_t holder = 0);
    void hide(RecordPlace, Time until);   // from now until then, whatever it was
    void settle(RecordPlace);
    void revive(RecordPlace);   // one that was given up on gets another chance, and is counted from 0
    // What was hidden until then is not any more; it is given up on when it was received so many times (0: never).
    void expire(Time live, std::int32_t most_received);
    std::optional<Time> next_expiry() const;
    std::optional<RecordPlace> first_visible(bool dead) const;
    void forget_before(RecordPlace);                     // of its shard
    std::uint64_t came_back() const { return turns_; }   // how often something became visible

    // ---- with holders ----
    std::optional<Position> visible_from(RecordPlace) const;          // the first one there or behind it, in its shard
    std::optional<RecordPlace> held_by(std::uint32_t holder) const;   // some
    std::optional<Position> first_in(std::int32_t shard) const;
    std::size_t size_in(std::int32_t shard) const;
    void forget_shard(std::int32_t);
    std::set<std::int32_t> take_shards_with_more() { return std::exchange(shards_with_more_, {}); }   // in which one came back

    // ---- as stored ----
    std::set<Block> take_changed() {
        last_changed_.reset();
        return std::exchange(changed_, {});
    }
    std::set<Block> blocks() const;
    // Empty: nothing is there. Live times lie so far ahead of real ones, by which they are stored.
    std::string stored(Block, milliseconds live_ahead) const;
    // Instead of what is there; false: nobody wrote that.
    bool read(Block, std::string_view, milliseconds live_ahead);

  private:
    using Hidden = std::set<std::pair<Time, RecordPlace>>;
    using Held = std::map<std::uint32_t, std::list<RecordPlace>>;
    struct Kept : Delivery {
        Hidden::iterator in_hidden{};                 // while it is hidden
        std::list<RecordPlace>::iterator in_held{};   // while it has a holder
    };
    using All = std::map<RecordPlace, Kept>;
    All::iterator make(All::iterator hint, RecordPlace);
    All::iterator remove(All::iterator);
    void leave(All::value_type&);        // the lists of those that are hidden, or visible
    void lie_hidden(All::value_type&);   // is in them from now on
    void come_back(All::value_type&);    // is visible from now on
    void change(RecordPlace place) {
        const auto block = block_of(place);
        if (std::exchange(last_changed_, block) != block) changed_.insert(block);
    }
    bool holders_;
    All all_;
    std::map<std::int32_t, std::size_t> sizes_;   // by shard
    Held held_;
    std::set<std::int32_t> shards_with_more_;
    Hidden hidden_;
    std::array<std::set<std::pair<std::uint64_t, RecordPlace>>, 2> visible_;   // the second: those given up on
    std::uint64_t turns_ = 0;
    std::set<Block> changed_;
    std::optional<Block> last_changed_;   // records of one block mostly change together
};

}   // namespace sluice::streams
