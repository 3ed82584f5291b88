// Reading: entries in order, places by time found by halving among block headers, sizes from the running sums in them.
#include "storage/lmdb/snapshot.h"

#include <algorithm>
#include <limits>

#include "storage/lmdb/cursor.h"
#include "storage/planted.h"

namespace sluice::storage::lmdb {
namespace {

constexpr int blocks_looked_at = 4096;   // by find_timestamp, after the index has lost its sharpness

// The smallest position whose block passes, where all blocks after a passing one pass; the end when none does.
template <class Pass>
Position first_block(Cursor& cursor, LogId log, Bounds range, Pass&& pass) {
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

// The greatest key of any kind that sorts before this one.
std::optional<std::string_view> key_below(Cursor& cursor, std::string_view before) {
    MDB_val key = val(before), value{};
    const bool found =
        cursor.get(key, value, MDB_SET_RANGE) ? cursor.get(key, value, MDB_PREV) : cursor.get(key, value, MDB_LAST);
    if (!found) return {};
    return view(key);
}

}   // namespace

std::optional<std::string_view> LmdbSnapshot::get(std::string_view name) const {
    const auto whole = table_key(name);
    MDB_val key = val(whole), value{};
    if (mdb_get(txn_, dbi_, &key, &value) != 0) return std::nullopt;
    return view(value);
}

void LmdbSnapshot::scan(std::string_view prefix, const VisitValue& visit) const {
    Cursor cursor(txn_, dbi_);
    const auto from = "u" + std::string(prefix);
    MDB_val key = val(from), value{};
    for (bool found = cursor.get(key, value, MDB_SET_RANGE); found && view(key).starts_with(from);
         found = cursor.get(key, value, MDB_NEXT))
        if (!visit(view(key).substr(1), view(value))) return;
}

std::optional<std::string_view> LmdbSnapshot::key_before(std::string_view name) const {
    Cursor cursor(txn_, dbi_);
    const auto found = key_below(cursor, "u" + std::string(name));
    if (!found || !found->starts_with('u')) return {};
    return found->substr(1);
}

// Blocks, marks and what still takes space: a log has any of them.
std::optional<LogId> LmdbSnapshot::last_log() const {
    Cursor cursor(txn_, dbi_);
    std::optional<LogId> last;
    for (const char kind : {'b', 's', 't'})
        if (const auto key = key_below(cursor, std::string(1, static_cast<char>(kind + 1))); key && key->starts_with(kind))
            last = std::max(last, std::optional{log_of(*key)});
    return last;
}

Bounds LmdbSnapshot::bounds(LogId log) const {
    Cursor cursor(txn_, dbi_);
    return bounds_of(cursor, txn_, dbi_, log);
}

Result<void> LmdbSnapshot::read(LogId log, Position from, const VisitEntry& visit, const TakeRow& row) const {
    Cursor cursor(txn_, dbi_);
    const auto range = bounds_of(cursor, txn_, dbi_, log);
    from = std::max(from, range.begin);
    if (from < range.end && !walk(cursor, log, from, visit, row)) return std::unexpected(Error::corrupt);
    return {};
}

// Append times grow along the log, so blocks are halved by position until one is left.
Position LmdbSnapshot::find_appended(LogId log, std::int64_t ms) const {
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
Position LmdbSnapshot::find_timestamp(LogId log, std::int64_t ms) const {
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

std::uint64_t LmdbSnapshot::live_bytes(LogId log, Position from) const {
    Cursor cursor(txn_, dbi_);
    auto range = bounds_of(cursor, txn_, dbi_, log);
    range.begin = std::max(range.begin, from);
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

}   // namespace sluice::storage::lmdb
