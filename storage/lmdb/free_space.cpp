// A look at LMDB's own list of free pages: how many there are, and how long a run of them can be had.
#include <bit>

#include "storage/lmdb/cursor.h"
#include "storage/lmdb/store.h"

namespace sluice::storage::lmdb {
namespace {

constexpr std::uint64_t free_pages_looked_at = std::uint64_t{1} << 20;

}   // namespace

FreeSpace LmdbStore::free_space() const {
    FreeSpace told;
    MDB_txn* txn = readers_->take();
    MDB_envinfo info{};
    mdb_env_info(mdb_txn_env(txn), &info);
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

}   // namespace sluice::storage::lmdb
