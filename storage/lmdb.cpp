// The store on disk; the only file that includes lmdb.h, and longer than others for that reason. One LMDB tree (format.md)
// holds blocks, trim marks, the sweep queue and the table. MDB_WRITEMAP is never used: a full disk would be SIGBUS. The map is
// reserved once and never resized: resizing under a reader leaves its views dangling.
#include <lmdb.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <numeric>

#include "storage/block.h"
#include "storage/folder.h"
#include "storage/planted.h"
#include "storage/store.h"

namespace sluice::storage {
namespace {

using block::EntryHeader;
using block::Header;
using block::Key;
using block::View;

constexpr std::string_view version_key = "mversion";
constexpr std::string_view format_version = "1";
constexpr Position dropped = std::numeric_limits<Position>::max();   // as a trim mark
constexpr auto last_part = std::numeric_limits<std::uint32_t>::max();
constexpr auto last_position = std::numeric_limits<Position>::max();
constexpr std::uint64_t disk_reserve_bytes = std::uint64_t{8} << 20;
constexpr std::uint64_t growth_between_disk_checks = std::uint64_t{1} << 20;
// One sweep holds the write lock for some hundredths of a millisecond.
constexpr std::size_t blocks_freed_at_once = 25;
// Beside an append it may be more, as long as the list of the freed pages fits one page: a longer one needs a run of free pages itself.
constexpr std::size_t blocks_freed_in_one_transaction = 400;
constexpr std::uint64_t free_pages_looked_at = std::uint64_t{1} << 20;
constexpr const char* data_file = "data.mdb";
constexpr const char* new_file = "data.mdb.new";   // becomes data_file when it is whole
constexpr std::size_t entries_copied_at_once = 4096;
constexpr std::size_t blocks_warmed_for_sweeping = 16'384;
constexpr std::ptrdiff_t gap_read_along = 64 << 10;   // between two pages that are wanted
constexpr int blocks_looked_at = 4096;   // by find_timestamp, after the index has lost its sharpness

[[noreturn]] void stop(const char* why, int rc = 0) {
    std::fprintf(stderr, "storage: %s%s%s\n", why, rc ? ": " : "", rc ? mdb_strerror(rc) : "");
    std::abort();
}

MDB_val val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
MDB_val val(const Key& key) { return val(std::string_view(key.data(), Key::size)); }
std::string_view view(const MDB_val& v) { return {static_cast<const char*>(v.mv_data), v.mv_size}; }

// 't' or 's' and the log's id.
std::string log_key(char kind, LogId log) {
    return std::string(1, kind) + std::string(Key(log, 0, 0).data() + 1, 8);
}
std::uint64_t eight_of(std::string_view key, std::size_t from) {
    std::uint64_t value = 0;
    for (std::size_t i = from; i < from + 8; ++i) value = value << 8 | static_cast<unsigned char>(key[i]);
    return value;
}
LogId log_of(std::string_view key) { return LogId{eight_of(key, 1)}; }
Position lead_of(std::string_view key) { return static_cast<Position>(eight_of(key, 9)); }   // of a block's key
void table_key(std::string_view key, std::string& into) {
    if (key.empty() || key.size() > max_key_bytes) stop("a key must have 1 to 500 bytes");
    into = 'u';
    into += key;
}
std::string table_key(std::string_view key) {
    std::string name;
    table_key(key, name);
    return name;
}

// Seeks among blocks. `rc` latches the first trouble other than "there is none"; it is looked at once, at the end.
class Cursor {
  public:
    Cursor(MDB_txn* txn, MDB_dbi dbi) { rc = mdb_cursor_open(txn, dbi, &cursor_); }
    ~Cursor() { if (cursor_) mdb_cursor_close(cursor_); }
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    std::optional<View> at_or_before(LogId log, Position lead, std::uint32_t part) {
        const Key wanted(log, lead, part);
        MDB_val key = val(wanted), value{};
        bool found = get(key, value, MDB_SET_RANGE);
        if (!found || view(key) != std::string_view(wanted.data(), Key::size)) found = get(key, value, found ? MDB_PREV : MDB_LAST);
        return found ? parse(log, key, value) : std::nullopt;
    }
    std::optional<View> at_or_after(LogId log, Position lead, std::uint32_t part) {
        const Key wanted(log, lead, part);
        MDB_val key = val(wanted), value{};
        return get(key, value, MDB_SET_RANGE) ? parse(log, key, value) : std::nullopt;
    }
    std::optional<View> step(LogId log, MDB_cursor_op op) {
        MDB_val key{}, value{};
        return get(key, value, op) ? parse(log, key, value) : std::nullopt;
    }
    std::optional<View> last(LogId log) { return at_or_before(log, last_position, last_part); }

    // The block where the entry that contains `from` starts; without such an entry one from which a walk forward meets the next.
    std::optional<View> locate(LogId log, Position from) {
        auto found = at_or_before(log, from, last_part);
        if (!found) return at_or_after(log, 0, 0);
        if (found->part == 0) return found;
        const bool inside_lead = found->header.first_start == 0 ||
                                 from < block::load<EntryHeader>(found->data + found->header.first_start).first;
        if (!inside_lead) return found;
        // Continuations are numbered from 1; the lead starts in the block before them, unless that was swept.
        if (!at_or_after(log, found->header.lead, 1)) return fail<View>();
        if (auto start = step(log, MDB_PREV)) return start;
        return at_or_after(log, 0, 0);
    }

    bool get(MDB_val& key, MDB_val& value, MDB_cursor_op op) {
        if (rc != 0) return false;
        const int now = mdb_cursor_get(cursor_, &key, &value, op);
        if (now != 0 && now != MDB_NOTFOUND) rc = now;
        return now == 0;
    }
    MDB_cursor* raw() { return cursor_; }
    template <class T>
    std::optional<T> fail() {
        if (rc == 0) rc = MDB_CORRUPTED;
        return std::nullopt;
    }
    int rc = 0;

  private:
    std::optional<View> parse(LogId log, const MDB_val& key, const MDB_val& value) {
        if (!Key(log, 0, 0).same_log(view(key))) return std::nullopt;
        auto found = View::parse(view(key), static_cast<const std::byte*>(value.mv_data), value.mv_size);
        return found ? found : fail<View>();
    }
    MDB_cursor* cursor_ = nullptr;
};

std::optional<Position> trim_mark(MDB_txn* txn, MDB_dbi dbi, LogId log) {
    const auto name = log_key('t', log);
    MDB_val key = val(name), value{};
    if (mdb_get(txn, dbi, &key, &value) != 0 || value.mv_size != sizeof(Position)) return std::nullopt;
    return block::load<Position>(static_cast<const std::byte*>(value.mv_data));
}

Bounds bounds_of(Cursor& cursor, MDB_txn* txn, MDB_dbi dbi, LogId log) {
    const auto mark = trim_mark(txn, dbi, log);
    if (mark == dropped) return {};
    const auto last = cursor.last(log);
    if (!last) return {};
    if (mark) return {*mark, last->header.end};
    const auto first = cursor.at_or_after(log, 0, 0);
    return {first ? first->header.lead : last->header.end, last->header.end};
}

// Visits the entries from the one that contains `from` on. False when the blocks contradict each other.
template <class Visit>
bool walk(Cursor& cursor, LogId log, Position from, Visit&& visit) {
    auto at = cursor.locate(log, from);
    std::vector<Bytes> pieces;
    std::size_t offset = at ? at->header.first_start : 0;
    while (at) {
        if (offset == 0 || offset == at->header.used) {   // no entry starts here, or no more
            at = cursor.step(log, MDB_NEXT);
            offset = at ? at->header.first_start : 0;
            continue;
        }
        if (offset + sizeof(EntryHeader) > at->header.used) return false;
        const auto entry = block::load<EntryHeader>(at->data + offset);
        if (entry.count == 0 || entry.first < 0) return false;
        offset += sizeof(EntryHeader);
        pieces.clear();
        for (std::size_t left = entry.size, part = 0;;) {
            const std::size_t here = std::min(left, at->header.used - offset);
            if (here > 0) pieces.emplace_back(at->data + offset, here);
            offset += here;
            left -= here;
            if (left == 0) break;
            const std::uint32_t next_part = at->header.lead == entry.first ? at->part + 1 : 1;
            at = cursor.step(log, MDB_NEXT);
            if (!at || at->header.lead != entry.first || at->part != next_part || ++part > last_part) return false;
            offset = sizeof(Header);
        }
        if (entry.end() <= from) continue;
        if (!visit(EntryView{entry.first, entry.count, entry.appended_ms, entry.max_timestamp_ms, pieces})) return true;
    }
    return cursor.rc == 0;
}

// Pages of blocks to bring into memory. Only addresses are taken from the tree, so that no page is waited for while a transaction is open.
class Pages {
  public:
    void add(const MDB_val& value) { starts_.push_back(static_cast<const std::byte*>(value.mv_data)); }
    std::size_t count() const { return starts_.size(); }
    // Asks for all of them first, so that the disk has more than one to fetch, then waits for each.
    void bring() {
        if (!std::ranges::is_sorted(starts_)) std::ranges::sort(starts_);
        std::vector<unsigned char> there;
        for (std::size_t i = 0; i < starts_.size();) {
            const auto* const begin = starts_[i];
            const auto* end = begin;
            for (; i < starts_.size() && starts_[i] - end <= gap_read_along; ++i) end = starts_[i];
            const auto page = reinterpret_cast<std::uintptr_t>(begin) / block::page_bytes * block::page_bytes;
            const auto past = reinterpret_cast<std::uintptr_t>(end) + block::value_bytes;
            there.resize((past - page + block::page_bytes - 1) / block::page_bytes);
            const bool all = mincore(reinterpret_cast<void*>(page), past - page, there.data()) == 0 &&
                             std::ranges::all_of(there, [](auto one) { return (one & 1) != 0; });
            if (!all) madvise(reinterpret_cast<void*>(page), past - page, MADV_WILLNEED);   // it may refuse: then they come one by one
        }
        for (const auto* start : starts_) (void)*const_cast<const volatile std::byte*>(start);
    }

  private:
    std::vector<const std::byte*> starts_;
};

// A snapshot's transaction, given back for the next one.
class Readers {
  public:
    explicit Readers(MDB_env* env) : env_(env) {}
    ~Readers() { for (auto* txn : idle_) mdb_txn_abort(txn); }
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;

    MDB_txn* take() {
        MDB_txn* txn = nullptr;
        {
            std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                txn = idle_.back();
                idle_.pop_back();
            }
        }
        if (const int rc = txn ? mdb_txn_renew(txn) : mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn)) stop("no snapshot", rc);
        ++out_;
        return txn;
    }
    void give_back(MDB_txn* txn) {
        mdb_txn_reset(txn);
        --out_;
        std::lock_guard lock(mutex_);
        idle_.push_back(txn);
    }
    std::uint32_t out() const { return out_; }

  private:
    MDB_env* env_;
    std::atomic<std::uint32_t> out_ = 0;
    std::mutex mutex_;
    std::vector<MDB_txn*> idle_;
};

class LmdbSnapshot final : public Snapshot {
  public:
    LmdbSnapshot(Readers& readers, MDB_dbi dbi) : readers_(readers), txn_(readers.take()), dbi_(dbi) {}
    ~LmdbSnapshot() override { readers_.give_back(txn_); }
    MDB_txn* txn() const { return txn_; }
    LmdbSnapshot(const LmdbSnapshot&) = delete;
    LmdbSnapshot& operator=(const LmdbSnapshot&) = delete;

    std::optional<std::string_view> get(std::string_view name) const override {
        const auto whole = table_key(name);
        MDB_val key = val(whole), value{};
        if (mdb_get(txn_, dbi_, &key, &value) != 0) return std::nullopt;
        return view(value);
    }
    void scan(std::string_view prefix, const VisitValue& visit) const override {
        Cursor cursor(txn_, dbi_);
        const auto from = "u" + std::string(prefix);
        MDB_val key = val(from), value{};
        for (bool found = cursor.get(key, value, MDB_SET_RANGE); found && view(key).starts_with(from);
             found = cursor.get(key, value, MDB_NEXT))
            if (!visit(view(key).substr(1), view(value))) return;
    }
    Bounds bounds(LogId log) const override {
        Cursor cursor(txn_, dbi_);
        return bounds_of(cursor, txn_, dbi_, log);
    }
    Result<void> read(LogId log, Position from, const VisitEntry& visit) const override {
        Cursor cursor(txn_, dbi_);
        const auto range = bounds_of(cursor, txn_, dbi_, log);
        from = std::max(from, range.begin);
        if (from < range.end && !walk(cursor, log, from, visit)) return std::unexpected(Error::corrupt);
        return {};
    }
    // Append times grow along the log, so blocks are halved by position until one is left.
    Position find_appended(LogId log, std::int64_t ms) const override {
        Cursor cursor(txn_, dbi_);
        const auto range = bounds_of(cursor, txn_, dbi_, log);
        const auto from = first_block(cursor, log, range, [&](const Header& h) { return h.appended_ms >= ms; });
        auto answer = range.end;
        if (from < range.end)
            walk(cursor, log, from, [&](const EntryView& e) {
                if (e.appended_ms < ms + (planted("append-time-found-late") ? 1 : 0)) return true;
                answer = std::max(e.first, range.begin);
                return false;
            });
        return answer;
    }
    // The running maximum grows along the log too. Once the record that raised it is trimmed it says nothing about those
    // behind it: then blocks are looked at one by one, a bounded number of them, and the answer may be too early, never too late.
    Position find_timestamp(LogId log, std::int64_t ms) const override {
        Cursor cursor(txn_, dbi_);
        const auto range = bounds_of(cursor, txn_, dbi_, log);
        const auto from = first_block(cursor, log, range, [&](const Header& h) { return h.running_max_ms >= ms; });
        if (from >= range.end) return range.end;
        auto answer = range.end;
        int left = blocks_looked_at;
        for (auto at = cursor.locate(log, from); at && answer == range.end; at = cursor.step(log, MDB_NEXT)) {
            if (left-- == 0) return std::max(at->header.lead, range.begin);
            if (at->header.own_max_ms < ms) continue;
            at->starts([&](const EntryHeader& e) {
                if (e.max_timestamp_ms < ms || e.end() <= range.begin) return true;
                answer = std::max(e.first, range.begin);
                return false;
            });
        }
        return answer;
    }
    std::uint64_t live_bytes(LogId log) const override {
        Cursor cursor(txn_, dbi_);
        const auto range = bounds_of(cursor, txn_, dbi_, log);
        if (range.begin >= range.end) return 0;
        const auto first = cursor.locate(log, range.begin);
        const auto last = first ? cursor.last(log) : std::nullopt;
        if (!last) return 0;
        std::uint64_t before = first->header.bytes;
        first->starts([&](const EntryHeader& e) {
            if (e.end() > range.begin) before -= e.size;
            return true;
        });
        return last->header.bytes - before;
    }

  private:
    // The smallest position whose block passes, where all blocks after a passing one pass; the end when none does.
    template <class Pass>
    static Position first_block(Cursor& cursor, LogId log, Bounds range, Pass&& pass) {
        auto low = range.begin, high = range.end;
        while (low < high) {
            const auto middle = low + (high - low) / 2;
            const auto at = cursor.at_or_before(log, middle, last_part);
            if (!at)
                low = middle + 1;   // a gap before the first block
            else if (pass(at->header))
                high = std::min(middle, std::max(low, at->header.lead));
            else
                low = std::max(middle + 1, at->header.end);
        }
        return std::min(low, range.end);
    }

    Readers& readers_;
    MDB_txn* txn_;
    MDB_dbi dbi_;
};

// Appends entries to one log: fills up its last block, then opens further ones.
class Writer {
  public:
    Writer(Cursor& cursor, LogId log) : cursor_(cursor), log_(log) {
        const auto last = cursor_.last(log);
        if (!last) {
            header_ = {.log = static_cast<std::uint64_t>(log), .end = -1, .running_max_ms = block::no_time, .appended_ms = block::no_time};
            return;
        }
        header_ = last->header;
        part_ = last->part;
        if (header_.used + sizeof(EntryHeader) > block::value_bytes) return;
        // The old page stays readable in the map until this transaction is gone.
        reserve(MDB_CURRENT);
        if (at_) std::memcpy(at_, last->data, header_.used);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void append(const Entry& entry) {
        const std::size_t size = entry.pieces[0].size() + entry.pieces[1].size();
        if (entry.count == 0 || entry.first < 0 || entry.first < header_.end) stop("an entry must follow the last one and hold a record");
        if (entry.appended_ms < header_.appended_ms) stop("append time must not decrease within a log");
        if (size > std::numeric_limits<std::uint32_t>::max()) stop("an entry must be smaller than 4 GiB");
        if (!at_ || header_.used + sizeof(EntryHeader) > block::value_bytes) open(entry.first, 0);
        if (!at_) return;
        if (header_.first_start == 0) header_.first_start = header_.used;
        const EntryHeader start{entry.first, entry.appended_ms, entry.max_timestamp_ms, entry.count, static_cast<std::uint32_t>(size)};
        header_.end = start.end();
        header_.bytes += size;
        header_.appended_ms = entry.appended_ms;
        header_.running_max_ms = std::max(header_.running_max_ms, entry.max_timestamp_ms);
        header_.own_max_ms = std::max(header_.own_max_ms, entry.max_timestamp_ms);
        std::memcpy(at_ + header_.used, &start, sizeof start);
        header_.used += static_cast<std::uint32_t>(sizeof start);
        for (auto piece : entry.pieces)
            while (!piece.empty()) {
                if (header_.used == block::value_bytes) open(entry.first, header_.lead == entry.first ? part_ + 1 : 1);
                if (!at_) return;
                const auto n = std::min(piece.size(), block::value_bytes - header_.used);
                std::memcpy(at_ + header_.used, piece.data(), n);
                header_.used += static_cast<std::uint32_t>(n);
                piece = piece.subspan(n);
            }
    }

    // LMDB's answer to all of it.
    int finish() {
        close();
        return cursor_.rc;
    }

  private:
    void close() {
        if (at_) std::memcpy(at_, &header_, sizeof header_);
        at_ = nullptr;
    }
    void open(Position lead, std::uint32_t part) {
        close();
        header_.lead = lead;
        header_.used = sizeof(Header);
        header_.first_start = 0;
        header_.own_max_ms = block::no_time;
        part_ = part;
        reserve(0);
    }
    // The bytes stay put until the next change, so a block is complete before the next one is opened.
    void reserve(unsigned flags) {
        const Key name(log_, header_.lead, part_);
        MDB_val key = val(name), value{block::value_bytes, nullptr};
        if (cursor_.rc == 0) cursor_.rc = mdb_cursor_put(cursor_.raw(), &key, &value, MDB_RESERVE | flags);
        at_ = cursor_.rc == 0 ? static_cast<std::byte*>(value.mv_data) : nullptr;
    }

    Cursor& cursor_;
    LogId log_;
    Header header_;
    std::uint32_t part_ = 0;
    std::byte* at_ = nullptr;
};

struct CloseEnv { void operator()(MDB_env* env) const { mdb_env_close(env); } };
using Env = std::unique_ptr<MDB_env, CloseEnv>;

// The kernel may read ahead: blocks of a log lie mostly in a row, and retention, sweeps and readers go along them.
int open_env(Env& env, const Folder& folder, const char* name, std::uint64_t map_bytes, unsigned flags) {
    MDB_env* raw = nullptr;
    if (const int rc = mdb_env_create(&raw)) return rc;
    env.reset(raw);
    if (const int rc = mdb_env_set_mapsize(raw, map_bytes)) return rc;
    return mdb_env_open(raw, folder.file(name).c_str(), MDB_NOSUBDIR | MDB_NOTLS | flags, 0644);
}

// Walks everything; true when it holds together. LMDB trusts its pages, so this runs where a crash harms nobody.
bool holds_together(const Folder& folder, std::uint64_t map_bytes) {
    struct stat file {};
    if (stat(folder.file(data_file).c_str(), &file) != 0) return false;
    Env env;
    if (open_env(env, folder, data_file, map_bytes, MDB_RDONLY | MDB_NOLOCK) != 0) return false;
    MDB_envinfo info{};
    mdb_env_info(env.get(), &info);
    if ((info.me_last_pgno + 1) * block::page_bytes > static_cast<std::uint64_t>(file.st_size)) return false;   // would be SIGBUS
    MDB_txn* txn = nullptr;
    MDB_dbi dbi{};
    if (mdb_txn_begin(env.get(), nullptr, MDB_RDONLY, &txn) != 0) return false;
    bool good = mdb_dbi_open(txn, nullptr, 0, &dbi) == 0;
    if (good) {
        Cursor cursor(txn, dbi), inner(txn, dbi);
        MDB_val key{}, value{};
        std::string before;
        std::optional<LogId> log;
        for (bool more = cursor.get(key, value, MDB_FIRST); more && good; more = cursor.get(key, value, MDB_NEXT)) {
            good = view(key) > before;
            before = view(key);
            if (before.front() != 'b') continue;
            const auto found = View::parse(before, static_cast<const std::byte*>(value.mv_data), value.mv_size);
            good = good && found.has_value();
            if (!good || log == LogId{found->header.log}) continue;
            log = LogId{found->header.log};
            const auto range = bounds_of(inner, txn, dbi, *log);
            good = range.begin >= range.end || walk(inner, *log, range.begin, [](const EntryView&) { return true; });
        }
        good = good && cursor.rc == 0 && inner.rc == 0;
    }
    mdb_txn_abort(txn);
    return good;
}

bool check_apart(const Folder& folder, std::uint64_t map_bytes) {
    const auto child = fork();
    if (child < 0) return holds_together(folder, map_bytes);
    if (child == 0) {
        for (const int signal : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(signal, SIG_DFL);
        _exit(holds_together(folder, map_bytes) ? 0 : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// LMDB's answers at start, each with what to do.
void start(int rc, const Folder& folder, std::uint64_t map_bytes) {
    if (rc == 0) return;
    const std::string where = "data folder " + folder.path();
    if (rc == ENOMEM)
        throw StartError(where + ": " + std::to_string(map_bytes >> 20) +
                         " MiB of address space cannot be reserved: lift `ulimit -v`, or give a smaller map size");
    if (rc == MDB_VERSION_MISMATCH || rc == MDB_INVALID || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND)
        throw StartError(where + " holds a data.mdb that is no sluice store or is damaged: move it away, or give --data another folder");
    if (rc == ENOSPC) throw StartError(where + " has no free disk: free some, or give --data another folder");
    throw StartError(where + " cannot be opened (" + mdb_strerror(rc) + "): give --data another folder, or use --ephemeral");
}

std::uint64_t size_of(const std::string& name) {
    struct stat file {};
    return stat(name.c_str(), &file) == 0 ? static_cast<std::uint64_t>(file.st_size) : 0;
}

void check_what_was_left(const Folder& folder, std::uint64_t map_bytes, const std::string& boot_id, std::vector<std::string>* notes) {
    if (size_of(folder.file(data_file)) == 0) return;
    const auto state = folder.state();
    if (state.starts_with(boot_id + " ") || state.ends_with(" clean") || state.ends_with(" power open")) return;
    if (!check_apart(folder, map_bytes))
        throw StartError("data folder " + folder.path() +
                         " was damaged when the machine went down without --durability power: move it away, or restore a copy");
    if (notes)
        notes->push_back("data folder " + folder.path() +
                         " was not closed before the machine restarted; checked and found whole, its last seconds may be missing");
}

void require_version(const Folder& folder, std::string_view found) {
    if (found != format_version)
        throw StartError("data folder " + folder.path() + " has format " + std::string(found) + ", this server reads " +
                         std::string(format_version) + ": use the server version that wrote it, or give --data another folder");
}

// Fills the new file by `fill` and puts it in the data file's place. LMDB begins a file with pages that nothing syncs before the first
// commit; beside its place, a power cut finds either no new file or a whole one.
template <class Fill>
int build_file(const Folder& folder, std::uint64_t map_bytes, bool synced, Fill&& fill) {
    unlink(folder.file(new_file).c_str());
    {
        Env env;
        if (const int rc = open_env(env, folder, new_file, map_bytes, MDB_NOSYNC | MDB_NOLOCK)) return rc;
        if (const int rc = fill(env.get())) return rc;
        if (const int rc = synced ? mdb_env_sync(env.get(), 1) : 0) return rc;
    }
    return folder.replace(data_file, new_file, synced) ? 0 : errno;
}

int write_version(MDB_env* env) {
    MDB_txn* txn = nullptr;
    MDB_dbi dbi{};
    if (const int rc = mdb_txn_begin(env, nullptr, 0, &txn)) return rc;
    MDB_val key = val(version_key), value = val(format_version);
    int rc = mdb_dbi_open(txn, nullptr, 0, &dbi);
    if (rc == 0) rc = mdb_put(txn, dbi, &key, &value, 0);
    if (rc == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

std::uint64_t pages_of(const MDB_stat& tree) { return tree.ms_branch_pages + tree.ms_leaf_pages + tree.ms_overflow_pages; }

// All keys in order into an empty file: full pages, no free ones.
template <class Progress>
int copy_entries(MDB_txn* from, MDB_dbi dbi, MDB_env* to, const Progress& progress) {
    MDB_stat tree{};
    mdb_stat(from, dbi, &tree);
    const auto all = pages_of(tree) * block::page_bytes;
    Cursor source(from, dbi);
    MDB_val key{}, value{};
    bool more = source.get(key, value, MDB_FIRST);
    for (std::uint64_t copied = 0; more;) {
        MDB_txn* txn = nullptr;
        if (const int rc = mdb_txn_begin(to, nullptr, 0, &txn)) return rc;
        MDB_dbi target{};
        int rc = mdb_dbi_open(txn, nullptr, 0, &target);
        {
            Cursor sink(txn, target);
            for (std::size_t n = 0; rc == 0 && more && n < entries_copied_at_once; ++n, ++copied) {
                if (view(key).front() == 'b' && !View::parse(view(key), static_cast<const std::byte*>(value.mv_data), value.mv_size))
                    rc = MDB_CORRUPTED;
                else
                    rc = mdb_cursor_put(sink.raw(), &key, &value, MDB_APPEND);
                more = rc == 0 && source.get(key, value, MDB_NEXT);
            }
        }
        if (rc != 0) mdb_txn_abort(txn);
        if (rc == 0) rc = mdb_txn_commit(txn);
        if (rc != 0) return rc;
        progress(all * copied / std::max<std::uint64_t>(1, tree.ms_entries), all);
    }
    return source.rc;
}

class LmdbStore final : public Store {
  public:
    LmdbStore(const LmdbOptions& options, std::vector<std::string>* notes)
        : folder_(options.folder, options.file_system),
          map_bytes_(options.map_bytes),
          // A trim copies one path of the tree and the list of free pages; this leaves room for many of them.
          reserve_bytes_(std::clamp<std::uint64_t>(map_bytes_ / 16, std::uint64_t{256} << 10, std::uint64_t{16} << 20)),
          boot_id_(options.boot_id.empty() ? kernel_boot_id() : options.boot_id),
          powerful_(options.durability == Durability::power),
          durability_(powerful_ ? "power" : "process") {
        if (map_bytes_ < std::uint64_t{1} << 20) throw StartError("the map needs at least 1 MiB: give a larger size");
        check_what_was_left(folder_, map_bytes_, boot_id_, notes);
        unlink(folder_.file(new_file).c_str());   // of a start or a compaction that did not come to its end
        if (access(folder_.file(data_file).c_str(), F_OK) != 0) start(build_file(folder_, map_bytes_, powerful_, write_version), folder_, map_bytes_);
        start(open_env(env_, folder_, data_file, map_bytes_, powerful_ ? 0 : MDB_NOSYNC), folder_, map_bytes_);
        open_tree();
        // `power open` promises that nothing needs a check, so what a killed server wrote without syncing is synced first.
        if (powerful_) start(mdb_env_sync(env_.get(), 1), folder_, map_bytes_);
        if (!folder_.set_state(boot_id_ + " " + durability_ + " open\n"))
            throw StartError("data folder " + folder_.path() + " does not take a small file (" + std::strerror(errno) +
                             "): free some disk, or give --data another folder");
        readers_.emplace(env_.get());
    }
    ~LmdbStore() override {
        readers_.reset();
        const bool synced = mdb_env_sync(env_.get(), 1) == 0;
        env_.reset();
        if (synced) folder_.set_state(boot_id_ + " " + durability_ + " clean\n");
    }
    LmdbStore(const LmdbStore&) = delete;
    LmdbStore& operator=(const LmdbStore&) = delete;

    Result<void> commit(const Batch& batch) override {
        if (batch.empty()) return {};
        std::lock_guard lock(mutex_);
        order_.resize(batch.appends.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        if (order_.size() > 1) std::ranges::stable_sort(order_, {}, [&](std::size_t i) { return batch.appends[i].log; });
        const auto need = space_for(batch);
        if (need > 0 && !has_room(need, batch.appends.empty())) return std::unexpected(Error::no_space);
        // Twice what is written is freed along with it: no writer outruns sweeping, and in `power` it costs no sync of its own.
        auto along = sweeping_ && !batch.appends.empty() ? 2 * need / block::page_bytes : 0;
        const auto first = sweepable(std::min<std::size_t>(along, blocks_freed_in_one_transaction));
        bool more = true;
        int rc = transact([&](MDB_txn* txn) {
            const int done = apply(txn, batch);
            return done == 0 && first > 0 ? sweep_some(txn, first, more) : done;
        });
        if (rc == MDB_MAP_FULL && first > 0) rc = transact([&](MDB_txn* txn) { return apply(txn, batch); });
        else if (rc == 0 && first > 0) sweeping_ = more || !batch.trims.empty() || !batch.drops.empty();
        if (auto done = outcome(rc); !done) return done;
        for (along -= first; along > 0 && sweeping_ && !powerful_;) {
            const auto next = sweepable(std::min<std::size_t>(along, blocks_freed_in_one_transaction));
            if (next == 0) break;
            if (transact([&](MDB_txn* txn) { return sweep_some(txn, next, more); }) != 0) break;   // it is tried again by sweep
            sweeping_ = more;
            along -= next;
        }
        return {};
    }

    std::unique_ptr<Snapshot> snapshot() const override { return std::make_unique<LmdbSnapshot>(*readers_, dbi_); }

    Result<bool> sweep(std::size_t max_entries) override {
        std::lock_guard lock(mutex_);
        if (!sweeping_) return false;
        bool more = false;
        auto once = [&](std::size_t most) {
            return transact([&](MDB_txn* txn) { return sweep_some(txn, most, more); });
        };
        max_entries = std::min(max_entries, powerful_ ? blocks_freed_in_one_transaction : blocks_freed_at_once);
        max_entries = sweepable(max_entries);
        if (max_entries == 0) return true;
        int rc = once(max_entries);
        if (rc == MDB_MAP_FULL && max_entries > 1) rc = once(1);   // a small deletion fits where a large one does not
        if (auto done = outcome(rc); !done) return std::unexpected(done.error());
        sweeping_ = more;
        return more;
    }

    Stats stats() const override {
        MDB_envinfo info{};
        mdb_env_info(env_.get(), &info);
        return {used_bytes_, (info.me_last_pgno + 1) * block::page_bytes, map_bytes_ - reserve_bytes_, sweeping_,
                readers_->out()};
    }

    FreeSpace free_space() const override {
        FreeSpace told;
        MDB_txn* txn = readers_->take();
        MDB_envinfo info{};
        mdb_env_info(env_.get(), &info);
        std::vector<std::uint64_t> free(info.me_last_pgno / 64 + 1);   // a bit a page
        {
            Cursor cursor(txn, 0);   // the list is a tree of its own: transaction -> how many pages, and which
            MDB_val key{}, value{};
            for (bool found = cursor.get(key, value, MDB_FIRST); found; found = cursor.get(key, value, MDB_NEXT)) {
                const auto* bytes = static_cast<const std::byte*>(value.mv_data);
                const auto count = block::load<std::size_t>(bytes);
                if (told.pages + count > free_pages_looked_at) {
                    told.whole = false;
                    break;
                }
                for (std::size_t i = 1; i <= count; ++i)
                    if (const auto page = block::load<std::size_t>(bytes + i * sizeof(std::size_t)); page <= info.me_last_pgno)
                        free[page / 64] |= std::uint64_t{1} << page % 64;
                told.pages += count;
                ++told.records;
                told.largest_record = std::max<std::uint64_t>(told.largest_record, count);
            }
        }
        readers_->give_back(txn);
        std::uint64_t run = 0;
        for (const auto word : free) {
            if (word == ~std::uint64_t{0}) {
                run += 64;
            } else {
                told.longest_run = std::max(told.longest_run, run + static_cast<std::uint64_t>(std::countr_one(word)));
                std::uint64_t inside = 0;   // each step shortens every run of the word by one
                for (auto rest = word; rest != 0; rest &= rest << 1) ++inside;
                told.longest_run = std::max(told.longest_run, inside);
                run = static_cast<std::uint64_t>(std::countl_one(word));
            }
        }
        told.longest_run = std::max(told.longest_run, run);
        return told;
    }

    Warmed warm(LogId log, Position from, std::uint64_t bytes) const override {
        Warmed told;
        Pages pages;
        {
            LmdbSnapshot snapshot(*readers_, dbi_);
            Cursor cursor(snapshot.txn(), dbi_);
            const auto wanted = bytes / block::page_bytes + 1;
            const auto first = cursor.locate(log, std::max(from, bounds_of(cursor, snapshot.txn(), dbi_, log).begin));
            if (!first) return told;
            MDB_val key{}, value{};
            for (bool found = cursor.get(key, value, MDB_GET_CURRENT); found && Key(log, 0, 0).same_log(view(key));
                 found = cursor.get(key, value, MDB_NEXT)) {
                // Entries that start before this block's lead are whole in what was met so far.
                const auto lead = lead_of(view(key));
                if (pages.count() >= wanted / 2 && lead > from) told.middle = std::min(told.middle, lead);
                if (pages.count() >= wanted && lead > from) {
                    told.before = lead;
                    break;
                }
                pages.add(value);
            }
        }
        pages.bring();
        return told;
    }

    void warm_sweep() override {
        Pages pages;
        const auto before = swept_.load();
        {
            LmdbSnapshot snapshot(*readers_, dbi_);
            Cursor queue(snapshot.txn(), dbi_), cursor(snapshot.txn(), dbi_);
            MDB_val queued = val("s"), none{};
            for (bool more = queue.get(queued, none, MDB_SET_RANGE);
                 more && view(queued).starts_with("s") && view(queued).size() == 9 && pages.count() < blocks_warmed_for_sweeping;
                 more = queue.get(queued, none, MDB_NEXT)) {
                const auto log = log_of(view(queued));
                const auto mark = trim_mark(snapshot.txn(), dbi_, log).value_or(0);
                const Key first(log, 0, 0);
                MDB_val key = val(first), value{};
                for (bool found = cursor.get(key, value, MDB_SET_RANGE);
                     found && first.same_log(view(key)) && lead_of(view(key)) < mark && pages.count() < blocks_warmed_for_sweeping;
                     found = cursor.get(key, value, MDB_NEXT))
                    pages.add(value);
            }
        }
        const auto count = pages.count();
        pages.bring();
        sweep_upto_ = before + count + blocks_freed_at_once;   // and the queue's own keys
    }

  private:
    // How many blocks of `most` may be swept without waiting for a disk.
    std::size_t sweepable(std::size_t most) const {
        const auto upto = sweep_upto_.load(), swept = swept_.load();
        return std::min<std::uint64_t>(most, upto > swept ? upto - swept : 0);
    }

    void open_tree() {
        std::string found;
        const int rc = transact([&](MDB_txn* txn) {
            if (const int opened = mdb_dbi_open(txn, nullptr, 0, &dbi_)) return opened;
            MDB_val key = val(version_key), value{};
            int got = mdb_get(txn, dbi_, &key, &value);
            if (got == MDB_NOTFOUND) {
                MDB_stat whole{};
                mdb_stat(txn, dbi_, &whole);
                if (whole.ms_entries != 0) return MDB_INVALID;
                value = val(format_version);
                got = mdb_put(txn, dbi_, &key, &value, 0);
            }
            if (got == 0) found = view(value);
            Cursor cursor(txn, dbi_);
            MDB_val queued = val("s");
            sweeping_ = cursor.get(queued, value, MDB_SET_RANGE) && view(queued).starts_with("s");
            return got;
        });
        start(rc, folder_, map_bytes_);
        require_version(folder_, found);
    }

    // Runs `change` in a transaction; nothing remains of it unless 0 comes back.
    template <class Change>
    int transact(Change&& change) {
        MDB_txn* txn = nullptr;
        if (const int rc = mdb_txn_begin(env_.get(), nullptr, 0, &txn)) return rc;
        if (const int rc = change(txn)) {
            mdb_txn_abort(txn);
            return rc;
        }
        MDB_stat data{}, free{};
        mdb_stat(txn, dbi_, &data);
        mdb_stat(txn, 0, &free);   // the list of free pages is a tree itself
        if (const int rc = mdb_txn_commit(txn)) return rc;
        used_bytes_ = block::page_bytes * (2 + data.ms_branch_pages + data.ms_leaf_pages + data.ms_overflow_pages +
                                           free.ms_branch_pages + free.ms_leaf_pages + free.ms_overflow_pages);
        return 0;
    }

    int apply(MDB_txn* txn, const Batch& batch) {
        {
            Cursor cursor(txn, dbi_);
            for (std::size_t i = 0; i < order_.size();) {
                const auto log = batch.appends[order_[i]].log;
                Writer writer(cursor, log);
                for (; i < order_.size() && batch.appends[order_[i]].log == log; ++i) writer.append(batch.appends[order_[i]].entry);
                if (const int rc = writer.finish()) return rc;
            }
        }
        std::string name;
        for (auto& put : batch.puts) {
            table_key(put.key, name);
            MDB_val key = val(name), value = val(put.value);
            const int rc = put.value.empty() ? mdb_del(txn, dbi_, &key, nullptr) : mdb_put(txn, dbi_, &key, &value, 0);
            if (rc != 0 && !(put.value.empty() && rc == MDB_NOTFOUND)) return rc;
        }
        for (auto& trim : batch.trims)
            if (const int rc = mark_trimmed(txn, trim.log, trim.before)) return rc;
        for (auto& drop : batch.drops)
            if (const int rc = mark_trimmed(txn, drop.log, dropped)) return rc;
        return 0;
    }

    int mark_trimmed(MDB_txn* txn, LogId log, Position before) {
        {
            Cursor cursor(txn, dbi_);
            const auto range = bounds_of(cursor, txn, dbi_, log);
            if (cursor.rc != 0) return cursor.rc;
            if (before == dropped) {
                if (!cursor.last(log) || trim_mark(txn, dbi_, log) == dropped) return cursor.rc;
            } else {
                before = std::min(before, range.end);
                if (before <= range.begin) return 0;
            }
        }
        const auto mark = log_key('t', log), queue = log_key('s', log);
        MDB_val key = val(mark), value{sizeof before, &before};
        if (const int rc = mdb_put(txn, dbi_, &key, &value, 0)) return rc;
        key = val(queue);
        value = val("1");
        sweeping_ = true;
        return mdb_put(txn, dbi_, &key, &value, 0);
    }

    // Deletes at most `most` blocks of queued logs. The last block of a trimmed log stays: it knows where the log ends.
    int sweep_some(MDB_txn* txn, std::size_t most, bool& more) {
        for (more = true; most > 0;) {
            LogId log{};
            {
                Cursor queue(txn, dbi_);
                MDB_val key = val("s"), value{};
                if (!queue.get(key, value, MDB_SET_RANGE) || !view(key).starts_with("s") || view(key).size() != 9) {
                    more = false;
                    return queue.rc;
                }
                log = log_of(view(key));
            }
            const auto mark = trim_mark(txn, dbi_, log);
            const auto before = mark.value_or(0);
            Cursor cursor(txn, dbi_);
            const auto last = cursor.last(log);
            auto at = cursor.at_or_after(log, 0, 0);
            while (at && most > 0 && at->header.end <= before + (planted("sweep-removes-live-block") ? 1 : 0)) {
                if (before != dropped && at->part == last->part && at->header.lead == last->header.lead) break;
                if (const int rc = mdb_cursor_del(cursor.raw(), 0)) return rc;
                --most;
                ++swept_;
                at = cursor.step(log, MDB_NEXT);   // after a deletion LMDB's next is the one that moved up
            }
            if (cursor.rc != 0) return cursor.rc;
            if (most == 0) return 0;
            for (const char kind : {'s', 't'}) {
                if (kind == 't' && before != dropped) continue;
                const auto name = log_key(kind, log);
                MDB_val key = val(name);
                if (const int rc = mdb_del(txn, dbi_, &key, nullptr); rc != 0 && rc != MDB_NOTFOUND) return rc;
            }
            --most;
        }
        return 0;
    }

    // Pages this batch may take at worst, about; 0 when it only gives back.
    std::uint64_t space_for(const Batch& batch) const {
        std::uint64_t need = 0;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            const auto& [log, entry] = batch.appends[order_[i]];
            const auto bytes = sizeof(EntryHeader) + entry.pieces[0].size() + entry.pieces[1].size();
            need += bytes + bytes / 16;
            if (i == 0 || batch.appends[order_[i - 1]].log != log) need += 2 * block::page_bytes;
        }
        for (auto& put : batch.puts)
            if (!put.value.empty()) need += put.key.size() + put.value.size() + 64;
        return need;
    }

    // What is no record may have half of the reserve: deletions come with puts, and readers keep their place when all is full.
    bool has_room(std::uint64_t need, bool urgent) {
        if (used_bytes_ + need + (urgent ? reserve_bytes_ / 2 : reserve_bytes_) > map_bytes_) return false;
        MDB_envinfo info{};
        mdb_env_info(env_.get(), &info);
        const auto file_bytes = (info.me_last_pgno + 1) * block::page_bytes;
        if (disk_low_ || file_bytes >= next_disk_check_ || need > growth_between_disk_checks) {
            next_disk_check_ = file_bytes + growth_between_disk_checks;
            disk_low_ = folder_.free_bytes() < disk_reserve_bytes + need;
        }
        if (disk_low_ && urgent && folder_.free_bytes() > disk_reserve_bytes / 2 + need) return true;
        // On a full disk the pages that sweeping freed are still good, but not the last of them.
        return !disk_low_ || file_bytes > used_bytes_ + need + growth_between_disk_checks;
    }

    Result<void> outcome(int rc) {
        if (rc == 0) return {};
        if (rc == MDB_MAP_FULL || rc == MDB_TXN_FULL) return std::unexpected(Error::no_space);
        if (rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID) return std::unexpected(Error::corrupt);
        // LMDB calls a short write EIO, which is what a disk does that fills up in the middle of it.
        const bool full = rc == ENOSPC || rc == EDQUOT || (rc == EIO && folder_.free_bytes() < disk_reserve_bytes);
        if (full) disk_low_ = true;
        return std::unexpected(full ? Error::no_space : Error::io);
    }

    Folder folder_;
    std::uint64_t map_bytes_;
    std::uint64_t reserve_bytes_;
    std::string boot_id_;
    bool powerful_;
    std::string durability_;
    Env env_;
    MDB_dbi dbi_{};
    mutable std::optional<Readers> readers_;
    std::mutex mutex_;   // commit and sweep
    std::vector<std::size_t> order_;
    std::uint64_t next_disk_check_ = 0;
    bool disk_low_ = false;
    std::atomic<std::uint64_t> used_bytes_ = 0;
    std::atomic<bool> sweeping_ = false;
    std::atomic<std::uint64_t> swept_ = 0;   // blocks, about: a transaction that was given up counts too
    std::atomic<std::uint64_t> sweep_upto_ = std::numeric_limits<std::uint64_t>::max();   // as swept_ counts: their pages are in memory
};

}  // namespace

Compacted compact_lmdb(const LmdbOptions& options, const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    if (access((options.folder + "/" + data_file).c_str(), F_OK) != 0)
        throw StartError("data folder " + options.folder + " holds no data.mdb: name the folder that `sluice serve --data` was given");
    const Folder folder(options.folder);
    const auto boot_id = options.boot_id.empty() ? kernel_boot_id() : options.boot_id;
    check_what_was_left(folder, options.map_bytes, boot_id, nullptr);
    Compacted told{.bytes_before = size_of(folder.file(data_file))};
    {
        Env env;
        start(open_env(env, folder, data_file, options.map_bytes, MDB_RDONLY | MDB_NOLOCK), folder, options.map_bytes);
        MDB_txn* txn = nullptr;
        MDB_dbi dbi{};
        start(mdb_txn_begin(env.get(), nullptr, MDB_RDONLY, &txn), folder, options.map_bytes);
        const std::unique_ptr<MDB_txn, void (*)(MDB_txn*)> read(txn, mdb_txn_abort);
        start(mdb_dbi_open(txn, nullptr, 0, &dbi), folder, options.map_bytes);
        MDB_val key = val(version_key), version{};
        start(mdb_get(txn, dbi, &key, &version) == 0 ? 0 : MDB_INVALID, folder, options.map_bytes);
        require_version(folder, view(version));
        MDB_stat tree{};
        mdb_stat(txn, dbi, &tree);
        const auto need = pages_of(tree) * block::page_bytes + disk_reserve_bytes, have = folder.free_bytes();
        if (have < need)
            throw StartError("data folder " + folder.path() + " has " + std::to_string(have >> 20) + " MiB of free disk, the copy needs " +
                             std::to_string(need >> 20) + ": free some first");
        const int rc = build_file(folder, options.map_bytes, true, [&](MDB_env* to) {
            return copy_entries(txn, dbi, to, [&](std::uint64_t done, std::uint64_t all) { if (progress) progress(done, all); });
        });
        if (rc != 0) unlink(folder.file(new_file).c_str());
        start(rc, folder, options.map_bytes);
    }
    told.bytes_after = size_of(folder.file(data_file));
    // Everything in it is on the disk now, whatever the file before it was.
    folder.set_state(boot_id + " process clean\n");
    return told;
}

std::unique_ptr<Store> open_lmdb(const LmdbOptions& options, std::vector<std::string>* notes) {
    return std::make_unique<LmdbStore>(options, notes);
}

}  // namespace sluice::storage
