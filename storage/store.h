// The whole promise of storage: ordered logs and one small table, changed only by whole batches. It knows no topic, shard,
// protocol or clock; how entries lie in values on disk is its own affair. In LMDB (lmdb/) or in memory (memory.cpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::storage {

using Bytes = std::span<const std::byte>;
using Position = std::int64_t;         // dense per record
enum class LogId : std::uint64_t {};   // given out by the caller, never reused

enum class Error { no_space, io, corrupt };
template <class T>
using Result = std::expected<T, Error>;

// Start-up trouble: one line that says what to do.
struct StartError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// `count` records from `first` on, stored as the concatenation of the pieces. The caller owns the bytes until the
// batch is committed or dropped.
struct Entry {
    Position first{};
    std::uint32_t count{};
    std::int64_t appended_ms{};        // never decreases within a log
    std::int64_t max_timestamp_ms{};   // of the records inside; any order
    std::array<Bytes, 2> pieces{};
};

// A stored entry as a reader sees it. The pieces are views that live as long as the snapshot.
struct EntryView {
    Position first{};
    std::uint32_t count{};
    std::int64_t appended_ms{};
    std::int64_t max_timestamp_ms{};
    std::span<const Bytes> pieces{};   // the array itself lives for the visit only, the bytes as long as the snapshot
    std::size_t size() const {
        std::size_t n = 0;
        for (auto p : pieces) n += p.size();
        return n;
    }
};

// Some neighbouring entries as one piece, for who copies many.
struct RowView {
    Position first{};
    Position end{};   // after the last of them
    Bytes bytes{};
};

struct Bounds {
    Position begin{};   // oldest record kept
    Position end{};     // the next record's position
    friend bool operator==(const Bounds&, const Bounds&) = default;
};

// Changes that happen together or not at all. They take effect by kind (appends, puts, trims, drops), each kind in the order
// asked for. An entry begins at its log's end or later (the first one anywhere); a trim beyond the end stops at the end; a key
// has 1 to `max_key_bytes` bytes. Anything else is a bug and stops the process.
inline constexpr std::size_t max_key_bytes = 500;
class Batch {
  public:
    struct Append {
        LogId log;
        Entry entry;
    };
    struct Put {
        std::string key, value;
    };   // an empty value erases
    struct Trim {
        LogId log;
        Position before;
    };   // everything below `before` is gone for readers
    struct Drop {
        LogId log;
    };
    void append(LogId log, const Entry& entry) { appends.push_back({log, entry}); }
    void put(std::string_view key, std::string_view value) { puts.push_back({std::string(key), std::string(value)}); }
    void erase(std::string_view key) { puts.push_back({std::string(key), {}}); }
    void trim(LogId log, Position before) { trims.push_back({log, before}); }
    void drop(LogId log) { drops.push_back({log}); }
    bool empty() const { return appends.empty() && puts.empty() && trims.empty() && drops.empty(); }
    void clear() {
        appends.clear();
        puts.clear();
        trims.clear();
        drops.clear();
    }

    std::vector<Append> appends;
    std::vector<Put> puts;
    std::vector<Trim> trims;
    std::vector<Drop> drops;
};

// What was committed when it was taken. Never held across a suspension of the caller.
class Snapshot {
  public:
    using VisitEntry = std::function<bool(const EntryView&)>;   // false stops
    using VisitValue = std::function<bool(std::string_view key, std::string_view value)>;
    virtual ~Snapshot() = default;
    virtual std::optional<std::string_view> get(std::string_view key) const = 0;
    // Keys that begin with `prefix`, ascending by bytes.
    virtual void scan(std::string_view prefix, const VisitValue& visit) const = 0;
    // The greatest key that sorts before this one.
    virtual std::optional<std::string_view> key_before(std::string_view key) const = 0;
    // The log with the greatest number of those that hold something.
    virtual std::optional<LogId> last_log() const = 0;
    // A log never appended to has bounds {0, 0}.
    virtual Bounds bounds(LogId) const = 0;
    // Visits entries in order, beginning with the one that contains `from` (or the next one after it).
    virtual Result<void> read(LogId, Position from, const VisitEntry& visit) const = 0;
    // The same, but neighbours may be offered as one row first. False: it was not taken, and its entries are visited.
    using TakeRow = std::function<bool(const RowView&)>;
    virtual Result<void> read(LogId log, Position from, const VisitEntry& visit, const TakeRow&) const {
        return read(log, from, visit);
    }
    // First position whose entry was appended at `ms` or later; the end when there is none.
    virtual Position find_appended(LogId, std::int64_t ms) const = 0;
    // First position whose entry may hold a record timestamp >= `ms`; the end when there is none. Bounded cost.
    virtual Position find_timestamp(LogId, std::int64_t ms) const = 0;
    // Payload bytes of the entries from the bounds' begin on, or from the one that contains `from` on when that is later.
    std::uint64_t live_bytes(LogId log) const { return live_bytes(log, 0); }
    virtual std::uint64_t live_bytes(LogId, Position from) const = 0;
};

struct Stats {
    std::uint64_t used_bytes{};   // in pages (or blocks) that hold data
    std::uint64_t file_bytes{};
    std::uint64_t capacity_bytes{};   // where no_space begins
    bool sweeping{};                  // trimmed or dropped data still waits to be freed
    std::uint32_t snapshots{};        // open now; a long one keeps freed pages from being used again
};

// The pages of the file that hold nothing, as the store's own list of them says. All zero in memory.
struct FreeSpace {
    std::uint64_t pages{};
    std::uint64_t longest_run{};      // pages in a row
    std::uint64_t records{};          // of the list
    std::uint64_t largest_record{};   // pages named by the largest of them; above 500 it needs a run of free pages itself
    bool whole = true;                // false: the list was longer than is looked at; the figures are of its first part
};

// A read that stops before `before` waits for no disk soon afterwards; `middle` is about half of the way there. The last position
// there can be: the log ended, and what is appended from now on is in memory anyway.
inline constexpr Position log_end = std::numeric_limits<Position>::max();
struct Warmed {
    Position middle = log_end, before = log_end;
};

class Store {
  public:
    virtual ~Store() = default;
    // All or nothing. no_space leaves everything as it was; a batch without appends and non-empty puts succeeds even then.
    // May free about as much of what trims and drops have left as the batch takes, so that sweeping keeps up with any writer.
    virtual Result<void> commit(const Batch&) = 0;
    // Cheap; at most a few are alive at once. May be called from another thread than commit.
    virtual std::unique_ptr<Snapshot> snapshot() const = 0;
    // Frees what trims and drops have left, at most about `max_entries` of it; true while there is more.
    virtual Result<bool> sweep(std::size_t max_entries) = 0;
    virtual Stats stats() const = 0;
    // Walks the list of free pages, at most about a million of them (some milliseconds): for who asks, not for each turn.
    virtual FreeSpace free_space() const { return {}; }
    // Reads may wait for a disk. These bring pages into memory and are for a thread beside the one that must not wait; in memory
    // there is nothing to bring. `warm`: all that a read from that position on meets, for about so many bytes and at least one
    // whole entry.
    virtual Warmed warm(LogId, Position, std::uint64_t) const { return {}; }
    // What sweeps free next. Once it was called, neither sweep nor commit frees more than was brought, so who calls it calls it
    // again whenever sweeps want it.
    virtual void warm_sweep() {}
    virtual bool sweeps_want_warmth() const { return false; }
};

enum class Durability { process, power };

struct LmdbOptions {
    std::string folder;
    std::uint64_t map_bytes = std::uint64_t{1} << 40;   // address space reserved once
    Durability durability = Durability::process;
    std::string boot_id{};                        // empty: the kernel's
    std::optional<std::uint32_t> file_system{};   // f_type of the folder; none: what statfs says
};

std::unique_ptr<Store> open_memory(std::uint64_t max_bytes = std::uint64_t{4} << 30);
// Throws StartError. Everything it has to say besides (a recovery, data kept) goes to `notes`.
std::unique_ptr<Store> open_lmdb(const LmdbOptions&, std::vector<std::string>* notes = nullptr);

// Copies what a folder's file holds into a new, dense file and puts it in the old one's place. The folder must not be in use. A
// kill or a power cut at any moment leaves the old file or the new one, both whole. `progress` is told bytes done and to do.
// Throws StartError.
struct Compacted {
    std::uint64_t bytes_before{}, bytes_after{};
};
Compacted compact_lmdb(const LmdbOptions&, const std::function<void(std::uint64_t done, std::uint64_t all)>& progress = {});

}   // namespace sluice::storage
