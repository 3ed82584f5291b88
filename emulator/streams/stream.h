// A stream and its shards as the engine holds them in memory: what Kinesis calls stream and shard and Kafka topic and
// partition. Everything here is either in the catalog (catalog.proto), in a shard's running value, or can be read from its log.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <experimental/propagate_const>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"
#include "emulator/streams/attributes.h"
#include "emulator/streams/catalog/hash_key.h"
#include "emulator/streams/compaction.h"
#include "emulator/streams/consumer.h"
#include "emulator/streams/limits/limits.h"
#include "emulator/streams/limits/on_demand.h"
#include "emulator/streams/limits/throttle.h"
#include "emulator/streams/usage/usage.h"
#include "storage/store.h"

namespace sluice::streams {

using storage::LogId;
using storage::Position;
using Uuid = std::array<std::byte, 16>;
enum class StreamId : std::uint64_t {};
enum class WorldId : std::uint32_t {};
// By which way records are read: the last three take nothing of the limits that the first two share.
enum class Door : std::uint8_t { kinesis, kafka, consumer, queue, channel };

// A shard reads an ordered list of extents and appends to the last (rule 23). `to` is -1 while it grows.
struct Extent {
    LogId log{};
    Position from{}, to{-1};
    bool compacted = false;      // the first one alone: what a run of compaction has left
    std::int64_t horizon_ms{};   // of it: when the next of its tombstones and markers may go; 0: none waits
};

// What the log remembers of an idempotent producer: its last five batches, and where its transaction begins (KIP-98).
struct ProducerState {
    struct Appended {
        std::int32_t first{}, last{};
        Position base{};
        std::int64_t timestamp_ms{};   // the batch's largest: what a repeated one is answered with (seen: Kafka 4.4)
    };
    std::int16_t epoch{};
    bool watched = false;                  // its silence is looked for (producers.cpp)
    Time wrote;                            // live time of its last batch
    std::deque<Appended> recent;           // oldest first, at most five
    std::optional<Position> open;          // the first record of its transaction that is not ended here yet
    std::int32_t coordinator_epoch = -1;   // of who ended its last transaction here; -1: nobody has
    std::int64_t last_ms = -1;             // timestamp of the last that it has written, markers included; -1: see `recent`
};

// A transaction that was aborted in a shard: from its first record there to its marker. `stable`: below it all was decided when
// the marker was written, so that who looks for a place need not look at those that were aborted much later.
struct Aborted {
    std::int64_t producer_id{};
    Position first{}, last{}, stable{};
};

// The keys with most records of one second, at most eight of them (counted as Misra and Gries do: a full table loses one of
// each, so a key with more than a ninth of the records is always in it).
struct Heat {
    struct Slot {
        std::string key;
        std::uint32_t count{};
    };
    std::int64_t second{};
    std::uint32_t total{};
    std::array<Slot, 8> slots;
    void add(std::string_view key, std::int64_t at_second);
    const Slot* top() const;
};

// Which door made the stream, and so how it ages (append time or record timestamps), what a reshard does (seals or deals anew)
// and what a put may look like. Fixed when the stream stops being provisional; limits are another fact and may change at any time
// (rule 33).
enum class Manners : std::uint8_t { kafka, kinesis };

struct Stream;
struct World;   // engine.h
// A const stream has const shards, and a const shard a const stream.
template <class Pointer>
using Deep = std::experimental::propagate_const<Pointer>;

// What of a shard's log is known to lie in memory (warmth.cpp).
struct Warmth {
    struct Range {
        Position from{}, middle{}, before{};
        Time since{};
    };   // half of it is behind `middle`; `since` is real time
    std::vector<Range> ranges;     // oldest first
    std::vector<Position> asked;   // the thread is about to bring what lies there
    Signal brought;                // something was
    Range* holding(Position);
};

struct Shard {
    Deep<Stream*> stream{nullptr};
    std::int32_t index{};
    HashRange range;
    std::vector<std::int32_t> parents, children;
    std::int64_t created_s{};     // label in sequence numbers
    std::optional<Time> closed;   // when it was split or merged
    bool sealed = false;          // refuses appends
    bool expired = false;         // closed for longer than the retention, and kept as a few bytes (catalog/expired.cpp)
    std::vector<Extent> extents;
    EncryptedSpans encrypted;
    LogId log() const { return extents.back().log; }   // that it appends to

    Position queued_end{};               // where the next append goes
    Position end{};                      // committed: what readers may see (high watermark)
    std::optional<Position> undecided;   // from here on a transaction is open; committed, as `end` is
    Position stable() const { return undecided ? std::min(*undecided, end) : end; }
    std::set<Position> open_transactions;   // where those begin that are open; queued ones among them
    std::optional<Position> first_open() const {
        return open_transactions.empty() ? std::nullopt : std::optional{*open_transactions.begin()};
    }
    std::vector<Aborted> aborted;   // those that have records here, by their markers
    Position begin{};               // oldest kept; ask Engine::bounds, which applies retention first
    std::int64_t last_appended_ms{};
    Bucket write_bytes, write_records, read_bytes, read_calls, iterator_calls, read_records;
    std::array<Bucket*, 6> buckets() {
        return {&write_bytes, &write_records, &read_bytes, &read_calls, &iterator_calls, &read_records};
    }
    std::array<const Bucket*, 6> buckets() const {
        return {&write_bytes, &write_records, &read_bytes, &read_calls, &iterator_calls, &read_records};
    }
    std::unordered_map<std::int64_t, ProducerState> producers;
    Busy busy;                  // of a stream on demand: how much was written to it lately
    Usage usage;                // since it was made, and the bytes that it stores now; its stream's meter cuts the hours
    std::int64_t opened_ms{};   // since when it is counted as open

    // The oldest kept entry, found again from the log when unknown; nothing when there is none.
    struct Front {
        std::int64_t appended_ms{}, timestamp_ms{};
    };
    bool front_known = false;
    std::optional<Front> front;
    Position trimmed{};   // what the store was told to forget; may lag behind `begin`
    bool trim_armed = false;
    std::int64_t trim_due_ms{};
    Timer trim;                // the next virtual minute at which something may expire
    bool kept_known = false;   // retention.bytes: what lies between begin and end, counted once and then kept up
    std::uint64_t kept_bytes{};
    Position sized_end = -1;                  // the end for which retention.bytes was applied
    std::uint64_t touched_in{}, dirty_in{};   // serials of the last groups with its appends, with its running value
    std::size_t touched_at{};
    LogId touched_log{};          // that its last append went to
    bool lazy = false;            // its running value waits for the next group
    std::unique_ptr<Heat> heat;   // who wrote in the last second, for explanations
    struct Asked {
        Time at;
        std::int64_t records{}, bytes{};
    };
    Asked asked;   // what was refused while the clock stood there: `clock auto` makes room for all of it

    // Compaction (log/cleaner.cpp).
    LogId pending{};   // which a run is writing, or left half written
    struct {
        Dirt found;
        bool known = false, running = false;
        bool held_back = false;   // there was nothing that a run may touch, or it failed
        std::optional<std::int64_t> due_ms;
        Timer timer;
    } dirt;

    std::unique_ptr<Warmth> warmth;      // nothing: not read yet
    Signal appended;                     // committed records, a seal, or deletion
    mutable std::weak_ptr<void> shown;   // what a door made of some records, for as long as one of many readers is sent it
    bool open() const { return !sealed; }
    std::string id() const;   // shardId-000000000007
};

struct Stream : std::enable_shared_from_this<Stream> {
    World* world{};   // whose clock, chance and books it goes by
    StreamId id{};
    std::string name;
    Uuid topic_id{};
    Manners manners = Manners::kafka;
    std::string profile;   // whose limits it began with: "kinesis", "kinesis-strict", "kafka", "none"
    StreamLimits limits;
    StreamStatus status = StreamStatus::active;
    Time created;
    std::optional<Change> change;                  // while UPDATING
    Time ready_at;                                 // when CREATING, UPDATING or DELETING ends
    std::optional<milliseconds> retention;         // nothing: for ever
    std::optional<std::int64_t> retention_bytes;   // per shard, on streams with Kafka's manners; nothing: any size
    std::optional<CompactionRules> compaction;     // nothing: its log is not compacted
    std::int64_t max_record_bytes = default_record_bytes;
    bool on_demand = false;
    Placing placing = Placing::by_key;
    std::size_t next_spread = 0;   // whose turn it is among the open ranges; not stored
    bool provisional = false;      // auto-created by a Metadata and still without a record (rule 19)
    bool internal = false;
    mutable bool unlimited_told = false;   // rule 12: said once
    std::uint32_t dealt = 0;         // how often partitions came without a seal, since the start: its readers are told of each
    bool trim_when_stored = false;   // its retention was lowered: what that drops goes when the change is stored, not before
    bool deleted = false;            // gone from the catalog; waiters see it and leave
    std::string region, account;
    std::map<std::string, std::string> configs;   // Kafka topic configs somebody set
    std::map<std::string, std::string> tags;
    std::map<std::string, Deep<std::shared_ptr<Consumer>>, std::less<>> consumers;   // registered, by name
    std::string key;               // what is written is encrypted with it; empty: not encrypted
    std::string policy;            // who may use it, as somebody said it; empty: nobody did
    std::uint32_t metrics = 0;     // of each shard (metric_names)
    std::int32_t warm_mibps = 0;   // throughput that was asked for in advance; 0: none
    Lately lately;
    Tally tally, tally_of_place;   // its part of the world's
    std::vector<Deep<std::unique_ptr<Shard>>> shards;
    std::vector<Deep<Shard*>> open_ranges;               // the open shards by hash range; the engine keeps it
    std::vector<Deep<std::unique_ptr<Shard>>> retired;   // undone or given up; somebody may still wait on them
    Timer ready;                                         // ends CREATING, UPDATING, DELETING
    Timer mark;                                          // on demand: when it is looked at who is busy, if anybody was
    std::int64_t mark_armed_ms = 0;
    Usage total;                         // of all its shards
    Usage expired_usage;                 // the part of it that those counted which are expired
    std::unique_ptr<Meter> meter;        // nothing: not read from the store yet
    std::int64_t metered_until_ms = 0;   // the end of the meter's running hour; 0: look at it

    bool encrypted() const { return !key.empty(); }
    bool spread() const { return placing == Placing::spread; }
    bool kinesis_manners() const { return manners == Manners::kinesis; }
    const Shard* shard(std::int32_t index) const {
        return index >= 0 && static_cast<std::size_t>(index) < shards.size() ? shards[static_cast<std::size_t>(index)].get()
                                                                             : nullptr;
    }
    Shard* shard(std::int32_t index) { return const_cast<Shard*>(std::as_const(*this).shard(index)); }
    const Shard* open_shard_for(HashKey key) const;
    std::size_t open_shards() const;
};

// As doors hold it: what changes a stream is the engine's.
using StreamPointer = std::shared_ptr<const Stream>;

}   // namespace sluice::streams
