// The store on disk: what its files share. store.cpp opens it and commits, sweep.cpp frees, warm.cpp brings pages into memory,
// free_space.cpp looks at what is free; reading is snapshot.cpp's.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/lmdb/file.h"
#include "storage/lmdb/snapshot.h"
#include "storage/lmdb/tree.h"

namespace sluice::storage::lmdb {

// One sweep holds the write lock for some hundredths of a millisecond.
inline constexpr std::size_t blocks_freed_at_once = 25;
// Beside an append it may be more, as long as the list of the freed pages fits one page: a longer one needs a run of free pages
// itself.
inline constexpr std::size_t blocks_freed_in_one_transaction = 400;

class LmdbStore final : public Store {
  public:
    LmdbStore(const LmdbOptions&, std::vector<std::string>* notes);
    ~LmdbStore() override;
    LmdbStore(const LmdbStore&) = delete;
    LmdbStore& operator=(const LmdbStore&) = delete;

    Result<void> commit(const Batch&) override;
    std::unique_ptr<Snapshot> snapshot() const override { return std::make_unique<LmdbSnapshot>(*readers_, dbi_); }
    Result<bool> sweep(std::size_t max_entries) override;
    Stats stats() const override;
    FreeSpace free_space() const override;
    Warmed warm(LogId, Position from, std::uint64_t bytes) const override;
    void warm_sweep() override;
    bool sweeps_want_warmth() const override;

  private:
    void open_tree();
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
        if (const int rc = mdb_txn_commit(txn)) {
            recover();
            return rc;
        }
        MDB_envinfo info{};
        mdb_env_info(env_.get(), &info);
        file_bytes_ = (info.me_last_pgno + 1) * block::page_bytes;
        committed_ = info.me_last_txnid;
        used_bytes_ = block::page_bytes * (2 + data.ms_branch_pages + data.ms_leaf_pages + data.ms_overflow_pages +
                                           free.ms_branch_pages + free.ms_leaf_pages + free.ms_overflow_pages);
        return 0;
    }

    int apply(MDB_txn*, const Batch&);
    std::uint64_t space_for(const Batch&) const;
    bool has_room(std::uint64_t need, const Batch&);
    std::int64_t growth_of(const Batch&) const;
    bool hold_room(std::uint64_t upto);
    void recover();
    Result<void> outcome(int rc);

    // ---- sweep.cpp ----
    int mark_trimmed(MDB_txn*, LogId, Position before);
    std::size_t sweepable(std::size_t most) const;
    int sweep_some(MDB_txn*, std::size_t most, bool& more);

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
    std::uint64_t held_bytes_ = 0;   // of the file, set aside by the disk
    std::size_t committed_ = 0;      // LMDB's number of the last transaction
    std::atomic<std::uint64_t> file_bytes_ = 0;
    std::atomic<std::uint64_t> used_bytes_ = 0;
    std::atomic<bool> sweeping_ = false;
    std::atomic<std::uint64_t> swept_ = 0;   // blocks, about: a transaction that was given up counts too
    // As swept_ counts: their pages are in memory. Nobody has looked as long as it is the largest there is.
    std::atomic<std::uint64_t> sweep_upto_ = std::numeric_limits<std::uint64_t>::max();
    std::atomic<bool> more_to_warm_ = false;   // than the last round took
};

}   // namespace sluice::storage::lmdb
