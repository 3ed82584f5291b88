// A store whose n-th commit fails and changes nothing, so that tests can show what the engine does then.
#pragma once

#include <atomic>
#include <utility>

#include "storage/store.h"

namespace sluice::storage {

class FailingStore final : public Store {
  public:
    explicit FailingStore(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {}

    // The n-th commit from now on (1 = the next) fails, and `times - 1` after it. 0 never fails.
    void fail(std::uint64_t n, Error error = Error::io, std::uint64_t times = 1) {
        from_ = n == 0 ? 0 : commits_ + n;
        until_ = from_ + times;
        error_ = error;
    }
    std::uint64_t commits() const { return commits_; }       // asked for, failed ones included
    std::uint64_t snapshots() const { return snapshots_; }   // taken, on any thread
    Store& inner() { return *inner_; }
    // As a restart does: closed before it is opened again.
    template <class Open>
    void reopen(Open&& open) {
        inner_.reset();
        inner_ = open();
    }

    Result<void> commit(const Batch& batch) override {
        ++commits_;
        if (from_ != 0 && commits_ >= from_ && commits_ < until_) return std::unexpected(error_);
        return inner_->commit(batch);
    }
    std::unique_ptr<Snapshot> snapshot() const override {
        ++snapshots_;
        return inner_->snapshot();
    }
    Result<bool> sweep(std::size_t max_entries) override { return inner_->sweep(max_entries); }
    Stats stats() const override { return inner_->stats(); }
    FreeSpace free_space() const override { return inner_->free_space(); }
    Warmed warm(LogId log, Position from, std::uint64_t bytes) const override { return inner_->warm(log, from, bytes); }
    void warm_sweep() override { inner_->warm_sweep(); }
    bool sweeps_want_warmth() const override { return inner_->sweeps_want_warmth(); }

  private:
    std::unique_ptr<Store> inner_;
    std::uint64_t commits_ = 0;
    mutable std::atomic<std::uint64_t> snapshots_ = 0;
    std::uint64_t from_ = 0, until_ = 0;
    Error error_ = Error::io;
};

}   // namespace sluice::storage
