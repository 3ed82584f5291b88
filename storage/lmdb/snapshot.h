// A read transaction as the store's readers hold it, and where it waits for the next one: to renew one costs less than to begin
// one. An environment that was replaced stays open as long as a snapshot of it is out, so that what the snapshot shows stays put.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/lmdb/tree.h"

namespace sluice::storage::lmdb {

struct CloseEnv {
    void operator()(MDB_env* env) const { mdb_env_close(env); }
};
using Env = std::unique_ptr<MDB_env, CloseEnv>;

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
        std::unique_lock lock(mutex_);
        for (;;) {
            MDB_txn* txn = nullptr;
            if (!idle_.empty()) {
                txn = idle_.back();
                idle_.pop_back();
            }
            const int rc = txn ? mdb_txn_renew(txn) : mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
            if (rc == 0) {
                ++out_;
                return txn;
            }
            if (txn) mdb_txn_abort(txn);
            if (rc != MDB_PANIC) stop("no snapshot", rc);
            replaced_.wait(lock, [this, failed = env_] { return env_ != failed; });   // the thread that saw it fail replaces it
        }
    }
    void give_back(MDB_txn* txn) {
        std::lock_guard lock(mutex_);
        if (auto* env = mdb_txn_env(txn); env == env_) {
            mdb_txn_reset(txn);
            --out_;
            idle_.push_back(txn);
        } else {
            mdb_txn_abort(txn);
            const auto old = std::ranges::find(retired_, env, [](auto& one) { return one.env.get(); });
            if (--old->out == 0) retired_.erase(old);
        }
    }
    std::uint32_t out() const { return out_; }

    // From now on snapshots are taken from `now`; the old environment is closed with its last snapshot.
    void replace(Env old, MDB_env* now) {
        {
            std::lock_guard lock(mutex_);
            for (auto* txn : idle_) mdb_txn_abort(txn);
            idle_.clear();
            if (const auto out = out_.exchange(0)) retired_.push_back({std::move(old), out});
            env_ = now;
        }
        replaced_.notify_all();
    }
    // A write would reuse pages that these still show: no environment knows another one's readers.
    bool old_ones_out() const {
        std::lock_guard lock(mutex_);
        return !retired_.empty();
    }

  private:
    struct Retired {
        Env env;
        std::uint32_t out;
    };
    MDB_env* env_;
    std::atomic<std::uint32_t> out_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable replaced_;
    std::vector<MDB_txn*> idle_;
    std::vector<Retired> retired_;
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
    std::optional<std::string_view> key_before(std::string_view name) const override;
    std::optional<LogId> last_log() const override;
    Bounds bounds(LogId log) const override;
    Result<void> read(LogId log, Position from, const VisitEntry& visit) const override { return read(log, from, visit, {}); }
    Result<void> read(LogId log, Position from, const VisitEntry& visit, const TakeRow& row) const override;
    Position find_appended(LogId log, std::int64_t ms) const override;
    Position find_timestamp(LogId log, std::int64_t ms) const override;
    using Snapshot::live_bytes;
    std::uint64_t live_bytes(LogId log, Position from) const override;

  private:
    Readers& readers_;
    MDB_txn* txn_;
    MDB_dbi dbi_;
};

}   // namespace sluice::storage::lmdb
