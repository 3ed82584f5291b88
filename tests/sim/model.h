// What each reader must see, written down a second time and as plainly as it can be: lists that are walked from the front,
// buckets that are filled millisecond by millisecond, no index, no cache, no store. Slow and right by looking.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/transactional.h"

namespace sluice::sim {

using Position = std::int64_t;
using Hash = unsigned __int128;
inline constexpr Hash last_hash = ~Hash{0};
inline constexpr Ms hour_ms = 3'600'000, minute_ms = 60'000, day_ms = 24 * hour_ms;

// Tokens in thousandths, so that a rate per second is thousandths per millisecond.
struct Bucket {
    std::int64_t rate = 0, capacity = 0, thousandths = 0;   // rate 0: unlimited
    Ms filled = 0;
    void tick(Ms now);
    void change(std::int64_t new_rate, std::int64_t new_capacity, Ms now);
    bool covers(std::int64_t cost) const { return rate == 0 || thousandths >= cost * 1000; }
    void take(std::int64_t cost) {
        if (rate != 0) thousandths -= cost * 1000;
    }
    Ms debt() const { return rate == 0 || thousandths >= 0 ? 0 : (-thousandths + rate - 1) / rate; }
};

struct Record {
    std::string key, value;
};
struct Batch {
    Position base{};
    Ms appended{}, stamp{};
    bool encrypted = false;
    std::vector<Record> records;
    // Whose transaction it is part of, or ends; a marker is a batch with one record.
    std::int64_t transaction_of = -1;
    bool marker = false, commits = false;
    Position end() const { return base + static_cast<Position>(records.size()); }
};
enum class Verdict { open, committed, aborted };   // of what a transaction wrote

struct Producer {
    struct Sent {
        std::int32_t first{}, last{};
        Position base{};
        Ms appended{};
    };
    std::int16_t epoch{};
    Ms wrote{};                // real time
    std::deque<Sent> recent;   // the last five
};
enum class Sequence { fresh, duplicate, out_of_order, old_epoch };

struct Counted {
    std::uint64_t records{}, bytes{};
    friend bool operator==(const Counted&, const Counted&) = default;
};

struct Shard {
    Hash first{}, last{};
    bool sealed = false;
    Ms opened = 0, closed = 0;
    bool expired = false;   // for good
    std::vector<std::int32_t> parents, children;
    std::vector<std::shared_ptr<const Batch>> log;
    Position gone = 0;   // the first that is still there
    Ms last_appended = 0;
    Bucket write_bytes, write_records, read_bytes, read_calls, iterator_calls;
    std::map<std::int64_t, Producer> producers;
    std::map<std::int64_t, Counted> counted;   // by virtual hour

    Position end() const { return log.empty() ? 0 : log.back()->end(); }
    const Batch* batch_at(Position) const;   // the one that holds it, or the next
    const Record& record(Position) const;
    void tick(Ms now);
    std::pair<Sequence, Position> check(std::int64_t producer, std::int16_t epoch, std::int32_t sequence,
                                        std::size_t count) const;
    Position append(std::vector<Record>, Ms now, Ms stamp, bool encrypted, std::int64_t transaction_of = -1);
    // transactional.cpp: how a producer's transaction ends here, and what those see who read what is committed.
    void end_transaction(std::int64_t producer, std::int16_t epoch, bool commits, Ms now, Ms real);
    std::optional<Position> open_since(std::int64_t producer) const;
    Verdict verdict(const Batch&) const;
    Position stable() const;                    // the first that is not decided
    Position next_shown(Position from) const;   // at or behind it; at the most `stable`
    // By producer and first position, with the marker's: those whose marker is there.
    std::map<std::pair<std::int64_t, Position>, Position> aborted() const;
};

// Who settles each record by itself: what was received and not settled, and where nobody has received anything yet.
struct Queue {
    struct Delivery {
        std::int32_t received{}, spared{};
        Ms until{};
        bool hidden = false, dead = false;
    };
    std::string id = {};
    std::int32_t most_received{};
    std::vector<Position> next = {};   // by shard; those to come begin at 0
    std::map<std::pair<std::int32_t, Position>, Delivery> open = {};
};

// A share group: what was acquired and not settled, and where nobody has acquired anything yet.
struct Share {
    struct Delivery {
        std::int32_t received{};
        std::uint32_t holder{};   // 0: nobody
        Ms until{};
    };
    std::int32_t partitions{};   // when it began; those to come are read from their beginning
    std::uint64_t life{};        // of the server that knows who holds what
    std::vector<std::optional<Position>> next = {};
    std::map<std::pair<std::int32_t, Position>, Delivery> open = {};
};

struct Stream {
    std::string name;
    bool kinesis = true;
    bool odd_stamps = false;                  // holds records whose timestamp is not their append time
    bool on_demand = false, spread = false;   // nothing here is busy enough to split a shard
    std::optional<Ms> retention = day_ms;
    bool expired(const Shard& shard, Ms now) const {
        return shard.expired || (shard.sealed && retention && shard.closed + *retention < now);
    }
    std::int64_t serial{};   // tells incarnations of a name apart
    std::map<std::string, std::string> tags;
    std::string key;   // empty: not encrypted
    std::set<std::string> consumers;
    std::optional<Queue> queue;
    std::optional<Share> share;
    std::map<std::string, Ms> channels;   // with their freshness, in seconds
    std::vector<Shard> shards;
    // scaling.cpp
    std::vector<std::int32_t> open_in_order() const;                   // by hash range
    std::size_t split(std::size_t shard, Hash at, Ms now);             // yields the upper half; the lower one is before it
    std::size_t merge(std::size_t lower, std::size_t upper, Ms now);   // yields the child
    void scale(std::size_t target, Ms now);
    std::int32_t open_shard(Hash) const;
    void set_limits(std::int64_t bytes, std::int64_t records, std::int64_t read_bytes, std::int64_t read_calls,
                    std::int64_t burst, Ms now);
    void keep_limits(Ms now) { set_limits(limits[0], limits[1], limits[2], limits[3], limits[4], now); }   // for new shards
    std::int64_t limits[5]{};
};

struct Time {
    Ms now{}, real{};
    bool frozen = false;
    std::int64_t rate = 1;
    bool displaced() const { return now - real > 1000 || real - now > 1000; }
};

struct Model {
    Time time;
    std::map<std::string, Stream> streams;
    // group -> (stream serial, shard) -> offset
    std::map<std::string, std::map<Place, std::int64_t>> offsets;
    std::map<std::string, Transactional> transactional;   // by transactional id
    std::map<std::string, std::string> settings;          // what administrators set

    // Applies retention, and forgets producers that wrote nothing for a day of real time (rule 5).
    void age();
    // Transactions that have run for as long as they may are aborted, ids that nobody used for a week are forgotten.
    // `ended`: whether the server wrote a marker to a closed shard that was about to be forgotten, which either may be.
    void end_late_transactions(const std::function<bool(const Stream&, std::int32_t)>& ended);
    // Some transaction may change it when it is committed.
    bool pending(const std::string& group, Place) const;
    // What OffsetFetch answers: an own offset, or the begin of a child whose ancestor has one (rule 15), or -1.
    std::int64_t offset(const std::string& group, const Stream&, std::int32_t shard) const;
};

// The last moment at which a batch is kept (rule 18).
Ms last_moment(const Stream&, const Batch&, bool displaced);
std::vector<std::pair<Hash, Hash>> even_ranges(std::size_t count);
std::string decimal(Hash);

}   // namespace sluice::sim
