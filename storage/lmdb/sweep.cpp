// Freeing: a trim or a drop only leaves a mark; the blocks below it go later, a bounded number in one transaction.
#include <algorithm>

#include "storage/lmdb/cursor.h"
#include "storage/lmdb/store.h"
#include "storage/planted.h"

namespace sluice::storage::lmdb {

int LmdbStore::mark_trimmed(MDB_txn* txn, LogId log, Position before) {
    {
        Cursor cursor(txn, dbi_);
        if (before == dropped) {
            if (!cursor.first_lead(log) || trim_mark(txn, dbi_, log) == dropped) return cursor.rc;
        } else {
            const auto range = bounds_of(cursor, txn, dbi_, log);
            if (cursor.rc != 0) return cursor.rc;
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

// How many blocks of `most` may be swept without waiting for a disk.
std::size_t LmdbStore::sweepable(std::size_t most) const {
    const auto upto = sweep_upto_.load(), swept = swept_.load();
    return std::min<std::uint64_t>(most, upto > swept ? upto - swept : 0);
}

Result<bool> LmdbStore::sweep(std::size_t max_entries) {
    std::lock_guard lock(mutex_);
    if (!sweeping_) return false;
    if (readers_->old_ones_out()) return true;
    bool more = false;
    auto once = [&](std::size_t most) { return transact([&](MDB_txn* txn) { return sweep_some(txn, most, more); }); };
    max_entries = std::min(max_entries, powerful_ ? blocks_freed_in_one_transaction : blocks_freed_at_once);
    max_entries = sweepable(max_entries);
    if (max_entries == 0) return true;
    int rc = once(max_entries);
    if (rc == MDB_MAP_FULL && max_entries > 1) rc = once(1);   // a small deletion fits where a large one does not
    if (auto done = outcome(rc); !done) return std::unexpected(done.error());
    sweeping_ = more;
    return more;
}

// Deletes at most `most` blocks of queued logs. The last block of a trimmed log stays: it knows where the log ends.
int LmdbStore::sweep_some(MDB_txn* txn, std::size_t most, bool& more) {
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

}   // namespace sluice::storage::lmdb
