// A store that fails, waits and dies when told to. Dying is what SIGKILL looks like from here: what was committed stays,
// whatever is asked for afterwards changes nothing, and nobody hears of it.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "storage/store.h"

namespace sluice::sim {

class SimStore final : public storage::Store {
  public:
    // The next `times` commits fail and change nothing.
    void fail(storage::Error error, int times) {
        const std::lock_guard lock{mutex_};
        error_ = error;
        failing_ = times;
        failed_ = false;
    }
    // Yields whether some commit has failed.
    bool heal() {
        const std::lock_guard lock{mutex_};
        failing_ = 0;
        return std::exchange(failed_, false);
    }
    // Dies at once, or right after so many further commits.
    void die(int after_commits) {
        const std::lock_guard lock{mutex_};
        dead_ = after_commits == 0;
        left_ = after_commits;
    }
    // The writer thread's commits wait until they are let go, so that what is queued meanwhile is known.
    void hold(bool yes) {
        const std::lock_guard lock{mutex_};
        held_ = yes;
        go_.notify_all();
    }
    void open(std::unique_ptr<storage::Store> inner) {
        inner_ = std::move(inner);
        dead_ = false;
        left_ = failing_ = 0;
    }
    std::unique_ptr<storage::Store> close() { return std::move(inner_); }
    bool dead() const { return dead_; }
    std::uint64_t commits() const { return commits_; }

    storage::Result<void> commit(const storage::Batch& batch) override {
        std::unique_lock lock{mutex_};
        go_.wait(lock, [&] { return !held_; });
        ++commits_;
        if (dead_) return std::unexpected(storage::Error::io);
        if (failing_ > 0) {
            --failing_;
            failed_ = true;
            return std::unexpected(error_);
        }
        auto done = inner_->commit(batch);
        if (left_ > 0 && --left_ == 0) dead_ = true;
        return done;
    }
    std::unique_ptr<storage::Snapshot> snapshot() const override { return inner_->snapshot(); }
    storage::Result<bool> sweep(std::size_t max_entries) override { return dead_ ? false : inner_->sweep(max_entries); }
    storage::Stats stats() const override { return inner_->stats(); }

  private:
    std::unique_ptr<storage::Store> inner_;
    std::mutex mutex_;
    std::condition_variable go_;
    storage::Error error_ = storage::Error::io;
    int failing_ = 0, left_ = 0;
    bool failed_ = false, held_ = false, dead_ = false;
    std::uint64_t commits_ = 0;
};

}   // namespace sluice::sim
