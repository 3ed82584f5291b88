// Bringing pages into memory, on a thread beside the one that must not wait for a disk (decision 007).
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "storage/lmdb/cursor.h"
#include "storage/lmdb/store.h"

namespace sluice::storage::lmdb {
namespace {

constexpr std::size_t blocks_warmed_for_sweeping = 16'384;
constexpr std::ptrdiff_t gap_read_along = 64 << 10;   // between two pages that are wanted

// Pages of blocks to bring into memory. Only addresses are taken from the tree, so that no page is waited for while a transaction
// is open.
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
            if (!all)
                madvise(reinterpret_cast<void*>(page), past - page, MADV_WILLNEED);   // it may refuse: then they come one by one
        }
        for (const auto* start : starts_) (void)*const_cast<const volatile std::byte*>(start);
    }

  private:
    std::vector<const std::byte*> starts_;
};

}   // namespace

Warmed LmdbStore::warm(LogId log, Position from, std::uint64_t bytes) const {
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

void LmdbStore::warm_sweep() {
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
    more_to_warm_ = count >= blocks_warmed_for_sweeping;
    sweep_upto_ = before + count + blocks_freed_at_once;   // and the queue's own keys
}

// The next round begins when half of this one is used up, or, if this one was all there was, when something new waits behind it.
bool LmdbStore::sweeps_want_warmth() const {
    if (!sweeping_) return false;
    const auto left = sweepable(std::numeric_limits<std::size_t>::max());
    return left < (more_to_warm_ ? blocks_warmed_for_sweeping / 2 : 1) ||
           sweep_upto_ == std::numeric_limits<std::uint64_t>::max();
}

}   // namespace sluice::storage::lmdb
