// The store that vanishes at exit: `--ephemeral` and most tests. It promises exactly what the LMDB one does, down to the
// refusal when full and to space coming back only by sweeping. A snapshot shares structure with the living state; a commit
// copies just what it touches, and only while a snapshot still looks at it. Entries lie in slabs of their log, which go back to
// the system with their last entry: a heap would keep what was deleted.
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>

#include "storage/planted.h"
#include "storage/store.h"

namespace sluice::storage {
namespace {

constexpr std::size_t entries_per_chunk = 64;
constexpr std::uint64_t entry_cost = 96;   // what an entry takes besides its bytes, about
constexpr std::uint64_t key_cost = 96;
constexpr std::int64_t growth_of_a_drop = 4'096;

struct Stored {
    Position first{};
    std::uint32_t count{};
    std::int64_t appended_ms{};
    std::int64_t max_timestamp_ms{};
    std::uint64_t bytes_before{};   // payload of all earlier entries of the log
    std::size_t size{};
    const std::byte* data() const { return reinterpret_cast<const std::byte*>(this + 1); }
    Position end() const { return first + count; }
    std::uint64_t cost() const { return size + entry_cost; }
};

// Memory for entries of one log, filled from the front. A small one is the heap's, so that a log of few bytes takes no more.
class Slab {
  public:
    static constexpr std::size_t smallest = 1 << 10, mapped = 64 << 10, largest = 256 << 10;
    explicit Slab(std::size_t size) : size_(size) {
        if (size_ >= mapped) {
            void* at = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (at != MAP_FAILED) {
                bytes_ = static_cast<std::byte*>(at);
                unmap_ = true;
                return;
            }
        }
        bytes_ = static_cast<std::byte*>(::operator new(size_));
    }
    ~Slab() {
        if (unmap_)
            munmap(bytes_, size_);
        else
            ::operator delete(bytes_);
    }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;
    std::size_t size() const { return size_; }
    bool fits(std::size_t bytes) const { return size_ - used_ >= bytes; }
    std::byte* take(std::size_t bytes) {
        auto* const at = bytes_ + used_;
        used_ += (bytes + alignof(Stored) - 1) / alignof(Stored) * alignof(Stored);
        used_ = std::min(used_, size_);
        return at;
    }

  private:
    std::size_t size_, used_ = 0;
    std::byte* bytes_;
    bool unmap_ = false;
};

struct Chunk {
    std::vector<const Stored*> entries;
    struct Held {
        std::shared_ptr<Slab> slab;
        std::size_t entries;   // of this chunk
    };
    std::vector<Held> slabs;   // in the entries' order
    void push(const Stored* entry, const std::shared_ptr<Slab>& slab) {
        entries.push_back(entry);
        if (slabs.empty() || slabs.back().slab != slab)
            slabs.push_back({slab, 1});
        else
            ++slabs.back().entries;
    }
    void pop_front(std::size_t n) {
        entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(n));
        auto left = slabs.begin();
        for (; left != slabs.end() && left->entries <= n; ++left) n -= left->entries;
        if (left != slabs.end()) left->entries -= n;
        slabs.erase(slabs.begin(), left);
    }
};

struct Log {
    std::deque<std::shared_ptr<Chunk>> chunks;   // none is empty
    std::shared_ptr<Slab> slab;                  // where the next entry goes if it fits
    Position begin{}, end{};
    std::int64_t appended_ms{};
    std::uint64_t bytes{};   // payload ever appended
};

struct State {
    std::map<LogId, std::shared_ptr<Log>> logs;
    std::map<std::string, std::shared_ptr<const std::string>, std::less<>> table;
};

// The value itself when nobody else looks at it, else a copy put in its place. Called under the store's mutex, under which
// snapshots let go too.
template <class T>
T& own(std::shared_ptr<T>& shared) {
    if (shared.use_count() > 1) shared = std::make_shared<T>(*shared);
    return *shared;
}

[[noreturn]] void stop(const char* why) {
    std::fprintf(stderr, "storage: %s\n", why);
    std::abort();
}

// The entries from the one that contains `from` (or the next after it) on, until `visit` says false.
template <class Visit>
void walk(const Log& log, Position from, Visit&& visit) {
    from = std::max(from, log.begin);
    auto chunk = std::ranges::partition_point(log.chunks, [&](auto& c) { return c->entries.back()->end() <= from; });
    for (; chunk != log.chunks.end(); ++chunk)
        for (const auto* entry : (*chunk)->entries)
            if (entry->end() > from && !visit(*entry)) return;
}

class MemorySnapshot final : public Snapshot {
  public:
    MemorySnapshot(std::mutex& mutex, std::shared_ptr<const State> state) : mutex_(mutex), state_(std::move(state)) {}
    ~MemorySnapshot() override {
        std::lock_guard lock(mutex_);
        state_.reset();
    }
    MemorySnapshot(const MemorySnapshot&) = delete;
    MemorySnapshot& operator=(const MemorySnapshot&) = delete;

    std::optional<std::string_view> get(std::string_view key) const override {
        auto found = state_->table.find(key);
        if (found == state_->table.end()) return std::nullopt;
        return *found->second;
    }
    void scan(std::string_view prefix, const VisitValue& visit) const override {
        for (auto i = state_->table.lower_bound(prefix); i != state_->table.end() && i->first.starts_with(prefix); ++i)
            if (!visit(i->first, *i->second)) return;
    }
    std::optional<std::string_view> key_before(std::string_view key) const override {
        const auto found = state_->table.lower_bound(key);
        if (found == state_->table.begin()) return {};
        return std::prev(found)->first;
    }
    std::optional<LogId> last_log() const override {
        if (state_->logs.empty()) return {};
        return state_->logs.rbegin()->first;
    }
    Bounds bounds(LogId id) const override {
        auto* log = find(id);
        return log ? Bounds{log->begin, log->end} : Bounds{};
    }
    Result<void> read(LogId id, Position from, const VisitEntry& visit) const override {
        if (auto* log = find(id))
            walk(*log, from, [&](const Stored& e) {
                const Bytes piece{e.data(), e.size};
                return visit({e.first, e.count, e.appended_ms, e.max_timestamp_ms, {&piece, 1}});
            });
        return {};
    }
    Position find_appended(LogId id, std::int64_t ms) const override {
        return first_where(
            id, [&](const Chunk& c) { return c.entries.back()->appended_ms >= ms; },
            [&](const Stored& e) { return e.appended_ms >= ms; });
    }
    Position find_timestamp(LogId id, std::int64_t ms) const override {
        auto late = [&](const Stored& e) { return e.max_timestamp_ms >= ms; };
        return first_where(
            id, [&](const Chunk& c) { return std::ranges::any_of(c.entries, [&](auto* e) { return late(*e); }); }, late);
    }
    std::uint64_t live_bytes(LogId id, Position from) const override {
        std::uint64_t n = 0;
        if (auto* log = find(id))
            walk(*log, std::max(from, log->begin), [&](const Stored& e) {
                n = log->bytes - e.bytes_before;
                return false;
            });
        return n;
    }

  private:
    const Log* find(LogId id) const {
        auto found = state_->logs.find(id);
        return found == state_->logs.end() ? nullptr : found->second.get();
    }
    template <class InChunk, class InEntry>
    Position first_where(LogId id, InChunk&& in_chunk, InEntry&& in_entry) const {
        auto* log = find(id);
        if (!log) return 0;
        for (auto& chunk : log->chunks) {
            if (chunk->entries.back()->end() <= log->begin || !in_chunk(*chunk)) continue;
            for (const auto* e : chunk->entries)
                if (e->end() > log->begin && in_entry(*e)) return std::max(e->first, log->begin);
        }
        return log->end;
    }

    std::mutex& mutex_;
    std::shared_ptr<const State> state_;
};

class MemoryStore final : public Store {
  public:
    explicit MemoryStore(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

    Result<void> commit(const Batch& batch) override {
        std::lock_guard lock(mutex_);
        // A sixteenth more for what is no record, so that readers keep their place. What takes back as much as it puts always
        // fits.
        const auto most = batch.appends.empty() ? max_bytes_ + max_bytes_ / 16 : max_bytes_;
        if (const auto need = cost(batch); need > 0 && used_ + need > most && !(batch.appends.empty() && growth(batch) <= 0))
            return std::unexpected(Error::no_space);
        State& state = own(state_);
        for (auto& a : batch.appends) append(state, a.log, a.entry);
        for (auto& p : batch.puts) put(state, p);
        for (auto& t : batch.trims) trim(state, t);
        for (auto& d : batch.drops) drop(state, d.log);
        return {};
    }

    std::unique_ptr<Snapshot> snapshot() const override {
        std::lock_guard lock(mutex_);
        return std::make_unique<MemorySnapshot>(mutex_, state_);
    }

    Result<bool> sweep(std::size_t max_entries) override {
        std::lock_guard lock(mutex_);
        while (max_entries > 0 && !dropped_.empty()) {
            Log& log = own(dropped_.back());
            log.begin = log.end;
            if (!free_front(log, max_entries)) dropped_.pop_back();
        }
        while (max_entries > 0 && !trimmed_.empty()) {
            const auto id = *trimmed_.begin();
            auto found = state_->logs.find(id);
            if (found == state_->logs.end() || !free_front(own(own(state_).logs.at(id)), max_entries)) trimmed_.erase(id);
        }
        return !dropped_.empty() || !trimmed_.empty();
    }

    Stats stats() const override {
        std::lock_guard lock(mutex_);
        return {used_, used_, max_bytes_, !dropped_.empty() || !trimmed_.empty()};
    }

  private:
    static std::uint64_t cost(const Batch& batch) {
        std::uint64_t need = 0;
        for (auto& a : batch.appends) need += entry_cost + a.entry.pieces[0].size() + a.entry.pieces[1].size();
        for (auto& p : batch.puts)
            if (!p.value.empty()) need += key_cost + p.key.size() + p.value.size();
        return need;
    }

    // As the store on disk has it: a drop may come with a little about what goes.
    std::int64_t growth(const Batch& batch) const {
        std::int64_t grown = batch.drops.empty() ? 0 : -growth_of_a_drop;
        const auto cost_of = [](std::size_t key, std::size_t value) { return static_cast<std::int64_t>(key_cost + key + value); };
        for (auto& p : batch.puts) {
            if (auto old = state_->table.find(p.key); old != state_->table.end())
                grown -= cost_of(p.key.size(), old->second->size());
            if (!p.value.empty()) grown += cost_of(p.key.size(), p.value.size());
        }
        return grown;
    }

    void append(State& state, LogId id, const Entry& entry) {
        auto& slot = state.logs[id];
        if (!slot) {
            slot = std::make_shared<Log>();
            slot->begin = slot->end = entry.first;
            slot->appended_ms = entry.appended_ms;
        }
        Log& log = own(slot);
        if (entry.count == 0 || entry.first < log.end) stop("an entry must follow the last one and hold a record");
        if (entry.appended_ms < log.appended_ms) stop("append time must not decrease within a log");
        const auto size = entry.pieces[0].size() + entry.pieces[1].size();
        const auto slab = room(log, sizeof(Stored) + size);
        auto* const stored = new (slab->take(sizeof(Stored) + size)) Stored{};
        stored->first = entry.first;
        stored->count = entry.count;
        stored->appended_ms = entry.appended_ms;
        stored->max_timestamp_ms = entry.max_timestamp_ms;
        stored->bytes_before = log.bytes;
        stored->size = size;
        auto* to = reinterpret_cast<std::byte*>(stored + 1);   // std::ranges::copy of this library goes byte by byte
        for (const auto& piece : entry.pieces) to = std::copy(piece.begin(), piece.end(), to);
        used_ += stored->cost();
        log.bytes += stored->size;
        log.end = stored->end();
        log.appended_ms = entry.appended_ms;
        if (log.chunks.empty() || log.chunks.back()->entries.size() >= entries_per_chunk)
            log.chunks.push_back(std::make_shared<Chunk>());
        own(log.chunks.back()).push(stored, slab);
    }

    // Slabs double with their log; a large entry has one of its own.
    static std::shared_ptr<Slab> room(Log& log, std::size_t bytes) {
        if (log.slab && log.slab->fits(bytes)) return log.slab;
        if (bytes >= Slab::mapped) return std::make_shared<Slab>(bytes);
        const auto next = log.slab ? std::min(2 * log.slab->size(), Slab::largest) : Slab::smallest;
        return log.slab = std::make_shared<Slab>(std::max(bytes, next));
    }

    void put(State& state, const Batch::Put& p) {
        if (p.key.empty() || p.key.size() > max_key_bytes) stop("a key must have 1 to 500 bytes");
        if (auto old = state.table.find(p.key); old != state.table.end()) {
            used_ -= key_cost + p.key.size() + old->second->size();
            if (p.value.empty()) state.table.erase(old);
        }
        if (p.value.empty()) return;
        used_ += key_cost + p.key.size() + p.value.size();
        state.table[p.key] = std::make_shared<const std::string>(p.value);
    }

    void trim(State& state, const Batch::Trim& t) {
        auto found = state.logs.find(t.log);
        if (found == state.logs.end() || t.before <= found->second->begin) return;
        Log& log = own(found->second);
        log.begin = std::min(t.before + (planted("memory-trims-too-far") ? 1 : 0), log.end);
        trimmed_.insert(t.log);
    }

    void drop(State& state, LogId id) {
        auto found = state.logs.find(id);
        if (found == state.logs.end()) return;
        dropped_.push_back(std::move(found->second));
        state.logs.erase(found);
    }

    // Frees entries below the log's begin; false when none is left.
    bool free_front(Log& log, std::size_t& max_entries) {
        while (!log.chunks.empty() && log.chunks.front()->entries.front()->end() <= log.begin) {
            if (max_entries == 0) return true;
            Chunk& chunk = own(log.chunks.front());
            std::size_t n = 0;
            while (n < chunk.entries.size() && n < max_entries && chunk.entries[n]->end() <= log.begin)
                used_ -= chunk.entries[n++]->cost();
            max_entries -= n;
            chunk.pop_front(n);
            if (chunk.entries.empty()) log.chunks.pop_front();
        }
        return false;
    }

    mutable std::mutex mutex_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::set<LogId> trimmed_;
    std::vector<std::shared_ptr<Log>> dropped_;
    std::uint64_t max_bytes_;
    std::uint64_t used_ = 0;
};

}   // namespace

std::unique_ptr<Store> open_memory(std::uint64_t max_bytes) { return std::make_unique<MemoryStore>(max_bytes); }

}   // namespace sluice::storage
