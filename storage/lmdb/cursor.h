// Seeks and walks over the blocks of one log. What is hot in reading and appending is here, so that every file's compiler sees
// it.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "storage/lmdb/tree.h"

namespace sluice::storage::lmdb {

// Seeks among blocks. `rc` latches the first trouble other than "there is none"; it is looked at once, at the end.
class Cursor {
  public:
    Cursor(MDB_txn* txn, MDB_dbi dbi) { rc = mdb_cursor_open(txn, dbi, &cursor_); }
    ~Cursor() {
        if (cursor_) mdb_cursor_close(cursor_);
    }
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    std::optional<View> at_or_before(LogId log, Position lead, std::uint32_t part) {
        const Key wanted(log, lead, part);
        MDB_val key = val(wanted), value{};
        bool found = get(key, value, MDB_SET_RANGE);
        if (!found || view(key) != std::string_view(wanted.data(), Key::size))
            found = get(key, value, found ? MDB_PREV : MDB_LAST);
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
    // Where the log begins. Told by the key alone: the block's page, which may be on the disk only, is not touched.
    std::optional<Position> first_lead(LogId log) {
        const Key wanted(log, 0, 0);
        MDB_val key = val(wanted), value{};
        if (!get(key, value, MDB_SET_RANGE) || !wanted.same_log(view(key))) return std::nullopt;
        return lead_of(view(key));
    }
    std::optional<View> last(LogId log) { return at_or_before(log, last_position, last_part); }

    // The block where the entry that contains `from` starts; without such an entry one from which a walk forward meets the next.
    std::optional<View> locate(LogId log, Position from) {
        auto found = at_or_before(log, from, last_part);
        if (!found) return at_or_after(log, 0, 0);
        if (found->part == 0) return found;
        const bool inside_lead = found->header.starts == 0 || from < found->head(0).first;
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

inline std::optional<Position> trim_mark(MDB_txn* txn, MDB_dbi dbi, LogId log) {
    const auto name = log_key('t', log);
    MDB_val key = val(name), value{};
    if (mdb_get(txn, dbi, &key, &value) != 0 || value.mv_size != sizeof(Position)) return std::nullopt;
    const auto mark = block::load<Position>(static_cast<const std::byte*>(value.mv_data));
    return mark >= 0 ? std::optional{mark} : std::nullopt;
}

inline Bounds bounds_of(Cursor& cursor, MDB_txn* txn, MDB_dbi dbi, LogId log) {
    const auto mark = trim_mark(txn, dbi, log);
    if (mark == dropped) return {};
    const auto last = cursor.last(log);
    if (!last) return {};
    if (mark) return {*mark, last->header.end};
    return {cursor.first_lead(log).value_or(last->header.end), last->header.end};
}

// The entries that start in a block and end in it, without a look at each. `before`: the running sum of the block before.
struct Row {
    RowView view;
    std::size_t entries{}, end{};   // where in the block
};
inline std::optional<Row> row_of(const View& at, std::uint64_t before) {
    const auto& h = at.header;
    std::size_t entries = h.starts, end = h.first_start + (h.bytes - before);
    if (entries < 2 || h.bytes < before || end > block::value_bytes + std::numeric_limits<std::uint32_t>::max()) return {};
    if (end > h.used) end -= at.head(--entries).size;   // the last one goes on in the next block
    if (entries < 2 || end > h.used || end <= h.first_start) return {};
    const auto first = at.head(0).first, last = at.head(entries - 1).end();
    if (first >= last || last > h.end) return {};
    return Row{{first, last, {at.data + h.first_start, end - h.first_start}}, entries, end};
}

// Visits the entries from the one that contains `from` on, or hands over rows of them. False when the blocks contradict each
// other.
template <class Visit>
bool walk(Cursor& cursor, LogId log, Position from, Visit&& visit, const Snapshot::TakeRow& take_row = {}) {
    auto at = cursor.locate(log, from);
    std::vector<Bytes> pieces;
    Position next = 0;   // no entry begins before the end of the last one
    std::size_t head = 0, offset = at ? at->header.first_start : 0;
    std::optional<std::uint64_t> before;   // the running sum of the block that was left
    const auto step = [&] {
        before = at->header.bytes;
        at = cursor.step(log, MDB_NEXT);
    };
    while (at) {
        if (head == at->header.starts) {   // no entry starts here, or no more
            step();
            head = 0;
            offset = at ? at->header.first_start : 0;
            continue;
        }
        if (take_row && head == 0 && before)
            if (const auto row = row_of(*at, *before); row && row->view.first >= std::max(next, from) && take_row(row->view)) {
                next = row->view.end;
                head = row->entries;
                offset = row->end;
                continue;
            }
        const auto entry = at->head(head++);
        if (entry.count == 0 || entry.first < next || entry.first > last_position - entry.count) return false;
        next = entry.end();
        pieces.clear();
        for (std::size_t left = entry.size, part = 0;;) {
            const std::size_t here = std::min(left, at->header.used - offset);
            if (here > 0) pieces.emplace_back(at->data + offset, here);
            offset += here;
            left -= here;
            if (left == 0) break;
            if (head != at->header.starts) return false;   // only the last one goes on in the next block
            const std::uint32_t next_part = at->header.lead == entry.first ? at->part + 1 : 1;
            step();
            if (!at || at->header.lead != entry.first || at->part != next_part || ++part > last_part) return false;
            head = 0;
            offset = sizeof(Header);
        }
        // Behind the end of an entry that came from the block before, this block's own begin.
        if (head == 0 && at->header.starts > 0 && offset != at->header.first_start) return false;
        if (entry.end() <= from) continue;
        if (!visit(EntryView{entry.first, entry.count, entry.appended_ms, entry.max_timestamp_ms, pieces})) return true;
    }
    return cursor.rc == 0;
}

}   // namespace sluice::storage::lmdb
