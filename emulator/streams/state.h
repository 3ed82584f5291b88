// What the engine keeps behind engine.h, shared by its files: those of this folder, catalog/, log/ and usage/. The heading above
// each part below names the file that it belongs to. Nobody else includes this.
#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "emulator/streams/catalog/repair.h"
#include "emulator/streams/engine.h"

namespace sluice::catalog {
class Folder;   // catalog.proto
}

namespace sluice::streams {

using StreamPointer = std::shared_ptr<Stream>;

// All that was queued in one turn. A scope is what stands or falls together: a log with its running value, a stream with its
// record, a value of a door, a unit. No scope: the world's own record. Scopes that are bound to one another are one.
struct Group {
    using Scope = std::optional<LogId>;   // those that are no log have numbers that no log reaches, see below
    // A shard with the log that it appended to then: meanwhile it may append to another.
    struct Place {
        StreamPointer stream;
        Shard* shard;
        LogId log;
    };
    struct Touched : Place {
        Position end;
        std::uint64_t bytes;
    };
    storage::Batch batch;
    std::vector<Scope> put_scopes, drop_scopes;   // whose each of the batch's puts and drops is
    void put(Scope scope, std::string key, std::string value) {
        put_scopes.push_back(scope);
        batch.puts.push_back({std::move(key), std::move(value)});
    }
    std::vector<std::string> lost;   // keys of puts that were taken out before the write
    std::vector<Touched> touched;    // one entry per shard with appends
    std::vector<Place> trimmed;      // whose trims are told to the store
    std::vector<Place> dirty;        // running values to write
    struct Writer {
        Shard* shard;
        LogId log;
        std::int64_t producer;
        friend bool operator==(const Writer&, const Writer&) = default;
    };
    std::vector<Writer> producers;                                          // whose state to write
    std::uint64_t bytes{};                                                  // of the appended batches
    std::vector<std::pair<Scope, Scope>> bound;                             // scopes that stand or fall as one
    std::vector<StreamPointer> streams;                                     // whose records are written or erased
    std::vector<std::pair<Scope, std::move_only_function<void()>>> undos;   // what memory has besides, when that scope fails
    void bind(Scope one, Scope other) {
        if (one != other) bound.emplace_back(one, other);
    }
    void drop(Scope scope, LogId log) {
        drop_scopes.push_back(scope);
        batch.drops.push_back({log});
        bind(scope, log);
    }
    std::uint64_t serial{};
    std::deque<std::array<std::byte, 16>> heads;   // patched batch heads: base offset, length, leader epoch
    bool empty() const { return batch.empty() && dirty.empty(); }

    bool finished = false;
    using Failed = std::map<Scope, Fault>;
    Failed failed, just_failed;   // all that did, and what did in the store: the rest was undone with an earlier group
    std::vector<std::move_only_function<void()>> waiting;   // parked until it is finished
    // A ticket may be kept for long, as a consumer group does: of what was written only the outcome stays with it.
    void forget_contents() {
        batch = {};
        lost.clear();
        heads.clear();
        touched.clear();
        dirty.clear();
        trimmed.clear();
        bound.clear();
        streams.clear();
        undos.clear();
    }
    Result<void> outcome(Scope scope) const {
        if (failed.empty()) return {};
        const auto found = failed.find(scope);
        return found == failed.end() ? Result<void>{} : std::unexpected{found->second};
    }
};

inline Group::Scope scope_of(const Stream& stream) { return LogId{std::uint64_t{1} << 62 | std::to_underlying(stream.id)}; }
inline Group::Scope scope_of(std::string_view key) {
    return LogId{std::uint64_t{2} << 62 | std::hash<std::string_view>{}(key) >> 2};
}
inline Group::Scope scope_of_unit(std::uint64_t number) { return LogId{std::uint64_t{3} << 62 | number}; }

struct StoredStream;   // catalog/stored.h

// A world with what doors do not see of it.
struct Books : World {
    using World::World;
    std::uint64_t next_stream = 1;
    std::int64_t next_producer = 1000, producers_reserved = 1000;
    std::unordered_map<std::uint64_t, std::weak_ptr<Stream>> by_id;
    std::unordered_map<std::string, std::string> normalised;      // name with '.' as '_' -> name
    std::unordered_map<std::string, std::int64_t> name_seconds;   // last create second of names used since the start
    Usage total;                                                  // of all its streams, for who asks about all of them
    Clock::Listening listening;
    bool keeping_expired = false;   // till then the store is not told what has expired
    Timer keeping;
    struct Watched {
        std::weak_ptr<Stream> stream;
        std::int32_t shard;
        std::int64_t producer;
    };
    std::multimap<Time, Watched> watched_producers;   // by when each is looked at next
    Timer producers_timer;
    Time live;                        // read once for each group
    std::uint64_t live_read_in = 0;   // the serial of that group
};
inline Books& books_of(World& world) { return static_cast<Books&>(world); }
inline Books& books_of(const Stream& stream) { return books_of(*stream.world); }
inline Clock& clock_of(const Stream& stream) { return *stream.world->clock; }
inline Clock& clock_of(const Shard& shard) { return *shard.stream->world->clock; }

// A batch read lately: its payload when that is not found in one piece in the store, and where every 32nd record begins. So
// reading a batch record by record neither unpacks it nor walks it from the start each time.
struct Unpacked {
    struct Mark {
        std::int32_t index{}, delta{};
        std::size_t at{};
    };
    LogId log{};
    Position first = -1;
    std::vector<std::byte> bytes;
    std::vector<Mark> marks;
};

struct Engine::State : std::enable_shared_from_this<Engine::State> {
    State(Executor, storage::Store&, const RealTime&, Random&, EngineOptions);

    Executor executor;
    storage::Store& store;
    const RealTime& real;
    Random& random;
    EngineOptions options;
    Events events;
    std::map<WorldId, std::unique_ptr<Books>> worlds;   // by number
    std::uint32_t next_world = 1;                       // these two are of the folder, not of a world
    std::uint64_t next_log = 1;
    Books& make_books(WorldId, std::string name);

    // ---- log/commit.cpp, write.cpp, undo.cpp ----
    std::shared_ptr<Group> open;
    bool posted = false;
    std::unique_ptr<storage::Snapshot> turn;   // dropped at the end of the turn and by each commit
    bool drop_posted = false;
    Group& group();   // the open one; its commit is posted
    // No scope: that of the unit that is open, or the world's. Any scope is bound to the open unit.
    Ticket ticket(Group::Scope);
    void put(Group::Scope, std::string key, std::string value);
    Group::Scope in_unit;
    std::uint64_t units_opened = 0;
    void bind(Group::Scope);   // to the open unit
    // While it lives, what is queued without a scope is part of the stream's change.
    struct Changing {
        Changing(State& of, const StreamPointer& stream) : state(of), before(of.in_unit) {
            const auto scope = scope_of(*stream);
            auto& mine = state.group();
            mine.bind(scope, before ? before : scope);
            if (mine.streams.empty() || mine.streams.back() != stream) mine.streams.push_back(stream);
            state.in_unit = scope;
        }
        ~Changing() { state.in_unit = before; }
        Changing(const Changing&) = delete;
        Changing& operator=(const Changing&) = delete;
        State& state;
        Group::Scope before;
    };
    // Streams that an append made final: until their record is stored, every append stands or falls with it.
    std::vector<std::pair<const Stream*, std::uint64_t>> lately_final;   // with the group's serial
    void touch(Shard&);                                                  // its running value goes with the group
    Refusal refuse_read(Shard&, Refusal::Limit, Bucket&, std::int64_t wanted_thousandths, Time now);   // counted and told
    void touch_lazily(Shard&);   // its running value goes with the next group, at the latest in a second
    std::vector<std::pair<StreamPointer, Shard*>> lazy;
    Timer lazy_timer;
    std::uint64_t groups = 0;
    void commit_posted();
    void flush();
    void prepare(Group&);   // adds the values that are taken at the last moment
    void undo(Group&, Group* later);
    void tell_unstored(const Group&);
    std::vector<std::function<void(World&, std::string_view)>>* on_unstored = nullptr;
    void run(Group&);
    Group::Failed write(const Group&) const;   // may run on the writer thread
    void finish(const std::shared_ptr<Group>&);
    void commit_now(const std::shared_ptr<Group>&);
    void resume_waiting(const std::shared_ptr<Group>&);
    const storage::Snapshot& snapshot();

    // ---- log/writer.cpp ----
    // The writer thread, of `power` and for what is large: one group at a time, the next collects meanwhile.
    std::thread writer;
    std::mutex mutex;
    std::condition_variable wake;
    std::shared_ptr<Group> writing;   // guarded by mutex; nothing: idle
    Group::Failed written;            // result of `writing`
    bool writer_done = false, stop_writer = false;
    bool sweep_asked = false;   // when it has nothing to write
    void write_loop();
    void start_write(std::shared_ptr<Group>);
    std::shared_ptr<Group> take_written();
    void collect_write();

    // ---- catalog/load.cpp, save.cpp ----
    void load();
    // Shards that memory has keep what is not in the record, unless `afresh` says otherwise.
    void load_stream(Books&, const StoredStream&, const std::function<bool(const Shard&)>& afresh = {});
    void reload_stream(const StreamPointer&, const std::function<bool(const Shard&)>& afresh);
    void read_shard(Shard&);   // running value, producers, bounds: from the store
    void keep_shard(Shard&);
    void load_folder(const storage::Snapshot&);
    void load_worlds(const storage::Snapshot&);
    void save_stream(const Stream&);   // without its shards
    void save_shard(const Shard&);
    void erase_shard(const Stream&, std::int32_t shard);
    void save_world(const World&);
    void save_folder();
    catalog::Folder folder_record() const;
    // Records that were lost with a failed commit: they go with the next group.
    bool folder_stale = false;
    std::set<WorldId> stale_worlds;
    bool stale() const { return folder_stale || !stale_worlds.empty(); }
    void record_lost(std::string_view key);
    void index(const StreamPointer&);
    void unindex(const Stream&);
    std::int64_t create_second(Books&, std::string_view name);

    // ---- catalog/streams.cpp, settings.cpp ----
    std::unique_ptr<Shard> new_shard(Stream&, HashRange, std::int64_t created_s);
    void set_buckets(Shard&);
    static void order_ranges(Stream&);
    static void retire_from(Stream&, std::size_t shards);
    void begin_state(const StreamPointer&, StreamStatus);
    void wait_ready(const StreamPointer&, milliseconds);
    void take_away(const StreamPointer&);
    void drop(const StreamPointer&);
    std::vector<std::function<void(const Stream&)>>* on_removed = nullptr;

    // ---- log/extents.cpp ----
    // Who else reads a log that nobody appends to any more: it goes with the last of them.
    std::unordered_map<LogId, std::vector<const Shard*>> readers;
    void roll(Shard&);
    void share_extents(const Shard&);
    void leave_extents(const Shard&);    // of a shard that goes: drops what nobody else reads
    void forget_extents(const Shard&);   // of one that is read again from the store
    void cut_extents(Shard&);            // to its begin, whose trims are queued here
    bool leave(const Shard&, LogId);     // false: somebody else reads it
    std::uint64_t bytes_between(LogId, Position from, Position to);

    // ---- catalog/reshard.cpp, log/append.cpp ----
    Ticket begin_reshard(Stream&, const Reshard&);
    void carry_out(Stream&, const Reshard&);
    bool room_for(const Stream&, std::int32_t more) const;
    std::vector<std::function<void(Stream&, Shard&)>>* on_resharded = nullptr;
    std::vector<std::function<void(Stream&)>>* on_dealt = nullptr;
    void tell_dealt(Stream&);
    void remember(Shard&, const Append&, Position base, std::int64_t appended_ms);
    void want_room(Shard&, std::int64_t records, std::int64_t bytes);

    // ---- log/retention.cpp, usage/usage.cpp ----
    void retain(Shard&);   // applies retention at now, for readers
    void retain_age(Shard&);
    void retain_bytes(Shard&);
    void count_kept(Shard&);
    void trim(Shard&);   // tells the store
    void trim_expired(const World&);
    void find_front(Shard&);
    void arm_trim(Shard&);
    void await_trim(Shard&, bool told);
    std::uint64_t live_bytes(const Shard&);
    // Counts something of a shard. The hours before now_ms are ended first.
    template <class Add>
    void count(Shard& shard, std::int64_t now_ms, Add add) {
        if (now_ms >= shard.stream->metered_until_ms) end_hours(*shard.stream, now_ms);
        add(shard.usage), add(shard.stream->total), add(books_of(*shard.stream).total);
    }
    void count_again(Shard&, const Usage& before);   // its usage was read from the store
    Meter meter_of(const Stream&);                   // as it is kept, not rolled
    void end_hours(Stream&, std::int64_t now_ms);
    void put_span(const Stream&, const UsageSpan&);
    void open_shards_changed(Stream&);   // call it behind the change, and end_hours before it
    void end_usage(Stream&);             // of a stream that goes

    // ---- log/producers.cpp ----
    void watch_producer(Shard&, std::int64_t producer, ProducerState&);
    void arm_producers(Books&);
    void forget_producers(Books&);

    // ---- log/warmth.cpp ----
    Worker disk, aside;   // waits for pages; works
    Position at_hand(Shard&, Position from);
    void bring(Shard&, Position from);
    struct Foreseen {
        LogId log;
        Position begin;
        std::int64_t since_ms;
    };
    std::vector<Foreseen> foreseen;   // where trims will look; the thread has not yet
    bool looking_ahead = false;
    void foresee(const Shard&);
    void look_ahead();
    void bring_swept();   // what is freed next
    bool bringing_swept = false;

    std::list<Unpacked> unpacked;   // last used first
};

// Keys: world (4 bytes, big endian), a kind, then what the kind says. format: emulator/streams/README.md
inline constexpr WorldId no_world{0xFFFFFFFF};   // in keys of what belongs to the folder itself
std::string key_of(WorldId, char kind, std::string_view rest = {});
std::string big_endian(std::uint64_t value, int bytes = 8);
std::uint64_t read_big_endian(std::string_view);
std::string stream_key(const Stream&);
std::string folder_key();
std::string world_key();   // how the records of all worlds begin
std::string world_key(WorldId);
inline bool is_world_key(std::string_view key) { return key.starts_with(world_key()); }
std::string stored_shard_key(const Stream&, std::int32_t shard);
std::string shard_key(const Stream&, std::int32_t shard);       // its running value
std::string producers_key(const Stream&, std::int32_t shard);   // how those of all its producers begin
std::string producer_key(const Stream&, std::int32_t shard, std::int64_t producer);
std::string normalised(std::string_view name);   // names that are equal so stand in each other's way
std::string_view raw(const Uuid&);
std::string running_value(const Shard&);
bool read_running_value(std::string_view, Shard&);   // false: an engine does not write such a one
// On live time in memory; stored by real time, which a restart's live time begins at.
std::string encode_producer(const ProducerState&, milliseconds live_ahead);
std::optional<ProducerState> decode_producer(std::string_view);
inline constexpr std::int64_t latest_ms = std::int64_t{1} << 50;   // year 37,000: a time of a clock with some delay added
// ---- catalog/catalog_check.cpp: each throws StartError when no engine can have written what was read ----
// `key`: of the record, which `sluice repair` sets aside.
[[noreturn]] void damaged(std::string_view what, std::string_view key);

}   // namespace sluice::streams
