// The shared engine: both doors meet here and neither is mentioned below. One thread; what is queued in one turn of the loop
// becomes one store batch; readers see committed positions only. When a commit fails, the touched shards are read again
// from the store, so memory afterwards equals a fresh start.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"
#include "emulator/runtime/random.h"
#include "emulator/runtime/worker.h"
#include "emulator/streams/events.h"
#include "emulator/streams/stream.h"
#include "storage/store.h"

namespace sluice::streams {

// What a caller can cause; each door says it in its own words.
enum class Fault {
    not_found,               // stream, shard or world
    exists,                  // name taken
    name_collides,           // a.b beside a_b
    bad_count,               // shards, retention hours
    bad_name,                // not 1..249 of [a-zA-Z0-9._-], or "." or ".."
    bad_text,                // a config, tag, region or account: no UTF-8, or too long (catalog/bounds.h)
    not_active,              // CREATING, UPDATING, DELETING
    sealed,                  // append to a split, merged or expired shard
    not_adjacent,            // merge
    bad_hash_key,            // split
    out_of_order_sequence,   // idempotent producer
    invalid_producer_epoch,
    transaction_open,     // a record outside of the transaction that its producer has open there
    coordinator_fenced,   // a younger coordinator has ended a transaction there
    no_space,             // store full
    storage,              // commit failed
};
template <class T>
using Result = std::expected<T, Fault>;

// One group of writes: all that was queued in one turn.
struct Group;
// Waits for the group in which something was queued. Holds no memory of the caller's.
class Ticket {
  public:
    Ticket() = default;
    // Resumes when the group is on its way to disk as the durability promises; storage or no_space when it failed.
    Task<Result<void>> committed() const;
    // The same for who asks often: `finished` only while it is not `done`, and then the outcome. One coroutine frame less.
    bool done() const;
    Task<void> finished() const;
    Result<void> outcome() const;
    // Of an append, known when it is done: the position of its first record; that of the first answer when it is a duplicate; -1
    // for a batch that was forwarded in parts.
    Position base() const;

  private:
    friend class Writer;
    Ticket(std::shared_ptr<Group> group, std::optional<LogId> log, Position base = -1)
        : group_(std::move(group)), log_(log), base_(base) {}
    std::shared_ptr<Group> group_;
    std::optional<LogId> log_;
    Position base_ = -1;
};

struct Append {
    std::span<const std::byte> batch;                // one checked RecordBatch v2; the caller keeps the bytes until committed
    std::uint32_t records{};                         // the log goes on behind the batch's last offset, which may leave gaps
    std::uint64_t payload_bytes{};                   // uncompressed keys + values: what limits and usage count
    std::uint64_t rounded_1k_bytes{}, units_25k{};   // for the bill; 0: the engine derives them from payload_bytes / records
    std::int64_t max_timestamp_ms{};
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::int64_t at_ms = 0;       // append time the caller has read already; 0: the engine reads the clock
    bool transactional = false;   // readers of what is committed see it when its producer's transaction is
};
// How a producer's transaction ends in a shard.
struct Ending {
    std::int64_t producer_id{};
    std::int16_t producer_epoch{};   // its records of lower epochs are refused from then on
    bool commit = false;
    std::int32_t coordinator_epoch = 0;
};
struct Queued {
    std::int64_t appended_ms{};   // of a duplicate: the largest timestamp of the batch that is kept
    bool duplicate = false;       // an idempotent producer sent it before
    Ticket ticket;
};

struct Part {
    const Shard* shard{};
    Append append;   // without a producer
};

// `stable`: below it all is decided. A transaction that is open keeps it below `end` (Kafka's last stable offset).
struct Bounds {
    Position begin{}, stable{}, end{};
};
// Which of the two ends a reader goes up to.
enum class Isolation : std::uint8_t { uncommitted, committed };

// A record as GetRecords shows it (rule 20: control records and records above 10 MiB are left out).
struct Record {
    Position position{};
    std::int64_t appended_ms{};
    std::optional<std::span<const std::byte>> key, value;
};
// What a reader takes of a shard at once; of the bytes (data + key) at least one record where there is one.
struct ChunkLimits {
    std::int32_t records{};
    std::int64_t bytes{};
};
// Records that follow one another, committed ones only. Their bytes stay where they are for as long as it lives; the store reuses
// no page meanwhile, so nobody keeps one for longer than a turn of the loop.
struct Chunk {
    std::vector<Record> records;
    Position next{};   // where to go on
    std::uint64_t bytes{};
    std::shared_ptr<const storage::Snapshot> pinned;
    std::vector<std::shared_ptr<const std::vector<std::byte>>> unpacked;   // batches that were compressed or lie in pieces
};

// All that one test suite sees (rule 1). Its clock, its chance and its streams are its own; the store's records are shared.
struct World {
    World(WorldId number, std::string called, const RealTime& real, std::uint64_t seed)
        : id(number), name(std::move(called)), clock(std::make_unique<Clock>(real)), random(seed) {}
    const WorldId id;
    const std::string name;
    std::unique_ptr<Clock> clock;
    Random random;
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_map<std::string, StreamPointer, Hash, std::equal_to<>> streams;       // by name
    std::unordered_map<std::string, StreamPointer, Hash, std::equal_to<>> by_topic_id;   // 16 raw bytes
    Signal changed;   // a stream came, went, or got other shards
};

class Queues;   // queues/queues.h
struct EngineOptions {
    std::string account = "000000000000", region = "us-east-1";
    milliseconds state_delay{0};
    std::int64_t write_burst_bytes = 0;   // how much a write bucket holds unless its stream says so; 0: one second of its rate
    std::string kinesis_profile = "kinesis", kafka_profile = "kafka";
    bool commit_on_thread = false;   // durability power: a writer thread owns the commits
    std::uint64_t most_bytes_on_loop =
        UINT64_MAX;   // a group with more goes to that thread in any case: others are served meanwhile
    std::uint64_t most_worked_on_loop = UINT64_MAX;   // bytes of a body that is decoded or made into a batch; see large
    bool compacts_on_thread = false;                  // else a run of compaction takes its steps on the loop
    bool reads_on_thread = false;                     // pages may have to come from a disk: a thread brings them, see at_hand
};

class Engine {
  public:
    Engine(Executor, storage::Store&, const RealTime&, Random&, EngineOptions);
    ~Engine();   // commits what is queued
    const EngineOptions& options() const;
    Executor executor() const;
    Random& random();
    Events& events();   // refusals and other news for watchers

    // ---- worlds ----
    World& default_world();                     // of who has not said another one
    World* find_world(std::string_view name);   // empty = default
    std::vector<World*> worlds();               // in the order in which they were made
    // Its clock runs from `clock` on, which lies in the bounds of times, or goes with real time.
    Result<World*> make_world(std::string_view name, std::optional<Time> clock = {});
    Ticket reset(World&, std::optional<Time> clock = {});   // leaves nothing (rule 28)

    // ---- streams. Each change is visible at once and answered when its ticket is committed. ----
    StreamPointer find(World&, std::string_view name);
    StreamPointer find_topic(World&, const Uuid&);
    std::vector<StreamPointer> list(World&);   // by name
    struct NewStream {
        std::string name;
        std::int32_t shards = 1;
        Manners manners = Manners::kafka;
        std::string profile;   // which limits
        std::optional<milliseconds> retention;
        bool retention_for_ever = false;
        std::optional<std::int64_t> retention_bytes;
        std::optional<CompactionRules> compaction;
        bool on_demand = false, provisional = false, internal = false;
        Placing placing = Placing::by_key;   // spread: on demand only
        std::int64_t max_record_bytes = default_record_bytes;
        std::int32_t warm_mibps = 0;   // only told again; `shards` makes room for it
        std::map<std::string, std::string> configs, tags;
        bool state_delay = true;       // topics are ready at once
        std::string account, region;   // of the caller; empty: the configured ones
    };
    struct Changed {
        StreamPointer stream;
        Ticket ticket;
    };
    // A provisional stream of that name is adopted: same topic id, the asked rest (rule 19).
    Result<Changed> create(World&, NewStream);
    // Name of the stream that stands in the way when create says name_collides.
    std::optional<std::string> collision(World&, std::string_view name);
    Result<Ticket> remove(World&, std::string_view name, bool state_delay);
    // With a state delay parents take appends until the stream is ACTIVE again; then they are sealed and the children open.
    Result<Ticket> split(const Stream&, std::int32_t shard, HashKey new_start);
    Result<Ticket> merge(const Stream&, std::int32_t first, std::int32_t second);
    // On a stream with Kafka's manners: new partitions, all open ranges dealt anew (rule 16).
    Result<Ticket> add_partitions(const Stream&, std::int32_t total);
    // Another stream of that name, in that world, which begins with all that this one holds; neither sees what the other does
    // from then on. What both hold lies in the store once, and goes with the last of them (rule 23).
    Result<Changed> fork(const Stream&, World& into, std::string name);
    Result<Ticket> set_retention(const Stream&, std::optional<milliseconds>);
    // `profile`: the name that these limits began with; shown as long as they are its own (limits_name).
    Ticket set_limits(const Stream&, std::string_view profile, const StreamLimits&);
    // What Kafka's settings say of a stream, all of it at once: what is left out is gone. Of it retention is what both doors
    // have.
    struct Settings {
        std::map<std::string, std::string> configs;
        std::optional<milliseconds> retention;         // nothing: for ever
        std::optional<std::int64_t> retention_bytes;   // nothing: any size
        std::optional<CompactionRules> compaction;     // nothing: not compacted
    };
    Result<Ticket> set_settings(const Stream&, Settings);
    Result<Ticket> set_config(const Stream&, const std::string& key, std::optional<std::string> value);
    // Readers that a stream knows by name, and who reads by them now (consumer.h). CREATING and DELETING last for the state
    // delay.
    Result<Ticket> register_consumer(const Stream&, const std::string& name, std::map<std::string, std::string> tags);
    Result<Ticket> deregister_consumer(const Stream&, std::string_view name);
    // Takes the place of one that is older than `subscription_pause`; a younger one `exists`.
    Result<std::shared_ptr<Subscription>> subscribe(const Stream&, std::string_view consumer, std::int32_t shard);
    // How long it must wait before it is sent more, as it has taken so much (never less than nothing); 0: it may go on at once.
    milliseconds charge_subscription(const Shard&, Subscription&, std::uint64_t bytes, std::uint64_t records);
    // Splits and merges to so many open shards (catalog/uniform.h). bad_count: more than a stream may have, short-lived ones
    // among them. As with a split, parents take appends until the stream is ACTIVE again; so do the next two.
    Result<Ticket> scale(const Stream&, std::int32_t shards);
    Result<Ticket> set_key(const Stream&, std::string key);   // empty: what is written is not encrypted any more
    Result<Ticket> set_capacity(const Stream&, const Capacity&);
    // Each takes the place of what was there.
    // `consumer`: of one of its consumers; empty: its own.
    Result<Ticket> set_tags(const Stream&, std::map<std::string, std::string>, std::string_view consumer = {});
    Result<Ticket> set_policy(const Stream&, std::string, std::string_view consumer = {});
    Ticket set_metrics(const Stream&, std::uint32_t);   // bits, see metric_names
    Result<Ticket> set_largest_record(const Stream&, std::int64_t bytes);
    // Where its next records go; at once. Precondition: a stream that is spread is on demand, and stays so while it is.
    Ticket set_spread(const Stream&, bool);
    // The open shard whose turn it is, by hash range; the next call yields the one behind it. Begins anew with each start.
    const Shard* take_turn(const Stream&);
    // How much a shard's write bucket holds (rule 10); 0: it has no limit.
    std::int64_t write_capacity(const Stream&) const;
    Ticket settled(const Stream&);   // changes nothing: done when the stream is stored as it is now
    // Open shards and on-demand streams of those that are shown (catalog/places.h), kept up with each change.
    const Tallies& tallies(const World&);
    // Called before a stream's last trace goes (by the Kafka door: group offsets).
    std::vector<std::function<void(const Stream&)>> on_removed;
    // Called when a shard was sealed by split or merge.
    std::vector<std::function<void(const Stream&, const Shard&)>> on_resharded;
    // Called when a stream got other partitions without a seal: more of them, or a provisional one was adopted.
    std::vector<std::function<void(const Stream&)>> on_dealt;

    // Of calls that are let in so often a second: nothing when this one is, else how long until it would be. `who` is known by
    // that text for as long as it may be refused.
    std::optional<milliseconds> admit_call(World&, std::string_view who, std::int64_t per_second);

    // ---- appending ----
    // The refusal of one write under the stream's limits, or nothing when it passes and its tokens are taken (Kinesis).
    std::optional<Refusal> admit(const Shard&, std::uint64_t bytes, std::uint32_t records, std::string_view key);
    // Takes the tokens whatever the balance and yields how long the sender must wait (Kafka, rule 11).
    milliseconds charge_write(const Shard&, std::uint64_t bytes, std::uint32_t records);
    Result<Queued> append(const Shard&, const Append&);
    // A batch that was sent to a sealed shard, cut into parts for open ones: all or nothing. Its idempotent producer stays known
    // to the sealed shard, so a repeated batch is a duplicate there and no part is written twice.
    Result<Queued> forward(const Shard& sealed, const Append& whole, std::span<const Part>);

    // Ends what the producer has open in a shard, a sealed one too, by a marker that takes a position and is no record for
    // anybody. Readers of what is committed go on behind it.
    Result<Ticket> end_transaction(const Shard&, const Ending&);
    // Whether a record of this producer would be one of the transaction that it has open there.
    bool in_transaction(const Shard&, std::int64_t producer_id, std::int16_t producer_epoch) const;
    // Those that were aborted and have records in the range, by their markers.
    std::vector<Aborted> aborted(const Shard&, Position from, Position before) const;
    // Readers see nothing before that position from now on, and the store forgets it; one that lies behind already changes
    // nothing. Precondition: not beyond the end.
    Ticket delete_before(const Shard&, Position);

    // ---- reading ----
    Bounds bounds(const Shard&);   // retention applied at now
    // Valid until the caller suspends or a group commits.
    const storage::Snapshot& snapshot();
    // Waits for a disk where it must, for nothing else: without records in it there are none.
    Task<Result<Chunk>> chunk(const Shard&, Position from, ChunkLimits);
    // The same for who serves others meanwhile. Nothing: only a disk has them yet. A thread was asked, and the shard's `brought`
    // fires; then ask again.
    std::optional<Result<Chunk>> chunk_at_hand(const Shard&, Position from, ChunkLimits);
    const Signal& brought(const Shard&);
    // Whole batches from the one that contains `from`, over all extents, until `visit` says stop (false), or a disk would have to
    // be waited for. Nothing: as above. What is visited may be looked at for as long as the snapshot. `take_row` is offered small
    // batches that lie in a row; what it refuses is visited one by one.
    std::optional<Result<void>> batches_at_hand(const Shard&, Position from, Isolation,
                                                const storage::Snapshot::VisitEntry& visit,
                                                const storage::Snapshot::TakeRow& take_row);
    // The same, waiting for the disk on the loop if need be: of places that somebody rehearsed.
    Result<void> read(const Shard&, Position from, Isolation, const storage::Snapshot::VisitEntry& visit);
    // Resumes when what lies at a position can be looked at without waiting.
    Task<void> at_hand(const Shard&, Position);
    Position find_appended(const Shard&, Time);   // first position appended at or after
    std::optional<std::pair<Position, std::int64_t>> find_timestamp(const Shard&,
                                                                    std::int64_t ms);   // per record: offset, its timestamp
    std::optional<std::int64_t> appended_ms(const Shard&, Position);                    // of the record at that position
    // Reads under the limits: GetRecords asks for a call (5/s) and room; Fetch for room only; GetShardIterator for a call of its
    // own, of open shards.
    std::optional<Refusal> admit_read_call(const Shard&);
    std::optional<Refusal> admit_iterator(const Shard&);
    bool read_room(const Shard&);
    milliseconds charge_read(const Shard&, Door, std::uint64_t bytes, std::uint64_t records);   // yields the debt
    void count_read(const Shard&, Door, std::uint64_t bytes, std::uint64_t records);            // for the bill, and takes nothing
    void count_call(const Stream&, Door about);   // for the bill: a call about a queue or a channel of the stream
    milliseconds read_debt(const Shard&);         // of the bytes that were read
    // Nobody else is let in on tokens that a read under way may still take; what is reserved is given back as less than nothing.
    void reserve_read(const Shard&, std::int64_t bytes, std::int64_t records);
    std::uint64_t live_bytes(const Shard&);
    // What the store holds, and where it begins to refuse writes.
    struct Room {
        std::uint64_t used_bytes{}, total_bytes{};
    };
    Room room() const;

    // ---- what doors keep for themselves (groups, offsets …): small values under their own keys, in the same groups ----
    Ticket put(World&, std::string_view key, std::string_view value);   // an empty value erases
    std::optional<std::string> get(World&, std::string_view key);
    void scan(World&, std::string_view prefix, const std::function<void(std::string_view key, std::string_view value)>&);
    // Called when what was put or erased under a key could not be stored, before any ticket says so: what the store holds is
    // what counts again.
    std::vector<std::function<void(World&, std::string_view key)>> on_unstored;
    // Never the same twice, over restarts and resets; a fault when the block it comes from could not be written down.
    Result<std::int64_t> next_producer_id(World&);

    // Readers of a stream that settle each record by itself (rule 22).
    Queues& queues();

    // ---- usage (rule 24): finished hours from the store, the running one from memory; looking stores nothing ----
    std::vector<UsageSpan> usage(const Stream&);   // ascending; equal hours in a row are one span
    // What all streams have counted, those that went since the start included. Nothing is walked for it.
    const Usage& total_usage(const World&);

    // ---- what would hold the loop ----
    // For pure work on about so many bytes: whether it is worth a thread.
    bool large(std::uint64_t bytes) const { return bytes > options().most_worked_on_loop; }
    // Runs the job on a thread while the caller waits. It uses nothing of the engine, and nothing else that the loop may touch
    // meanwhile.
    Task<void> aside(Worker::Job);
    // Looks at a snapshot what the caller is about to look up, on a thread and before it waits for a disk; at once where none can
    // be.
    using Look = std::function<void(const storage::Snapshot&)>;
    Task<void> rehearse(Look);
    // The same before somebody asks what all of a world's logs hold (`live_bytes`).
    Task<void> rehearse_sizes(const World&);

    // One bounded slice of freeing between turns; true while there is more. With `commit_on_thread` the writer goes on by itself.
    bool housekeep();
    // For so long (live time) what has expired is out of readers' sight and yet in the store: a restart with an earlier
    // clock has it.
    void keep_expired(milliseconds);
    // Before a clean stop: the store is told on full minutes only, and what has expired since then is no loss of the time away.
    void trim_expired();
    // Commits what is queued now; for shutdown and tests.
    void flush();
    // One line per fact that must survive a restart: equal dumps, equal engines.
    std::string dump();

    struct State;   // the engine's own files see it, nobody else

  private:
    friend class Unit;
    std::shared_ptr<State> state_;   // handlers that the loop still holds must not outlive it unseen
};

// All that is queued while it lives stands or falls as one: appends to any number of logs and values that a door keeps. It lives
// within one turn of the loop. Without one, an append stands with its log, a stream's change with the stream, a value alone.
class Unit {
  public:
    explicit Unit(Engine&);
    ~Unit();
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;
    Ticket ticket();

  private:
    Engine& engine_;
    std::optional<LogId> scope_, before_;
};

}   // namespace sluice::streams
