// A read transaction as the store's readers hold it, and where it waits for the next one: to renew one costs less than to begin
// one.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "storage/lmdb/tree.h"

namespace sluice::storage::lmdb {

// A snapshot's transaction, given back for the next one.
class Readers {
  public:
    explicit Readers(MDB_env* env) : env_(env) {}
    ~Readers() {
        for (auto* txn : idle_) mdb_txn_abort(txn);
    }
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

    std::optional<std::string_view> get(std::string_view name) const override;
    void scan(std::string_view prefix, const VisitValue& visit) const override;
    Bounds bounds(LogId log) const override;
    Result<void> read(LogId log, Position from, const VisitEntry& visit) const override;
    Position find_appended(LogId log, std::int64_t ms) const override;
    Position find_timestamp(LogId log, std::int64_t ms) const override;
    std::uint64_t live_bytes(LogId log) const override;

  private:
    Readers& readers_;
    MDB_txn* txn_;
    MDB_dbi dbi_;
};

}   // namespace sluice::storage::lmdb
