// The writer thread, of `power` and for what is large: one group at a time. The loop collects the next one meanwhile.
#include "emulator/streams/state.h"

namespace sluice::streams {

void Writer::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock{mutex_};
        stop_writer_ = true;
        wake_.notify_all();
    }
    thread_.join();
}

bool Writer::sweep_on_thread() {
    if (!engine_.store.stats().sweeping) return false;
    const std::lock_guard lock{mutex_};
    sweep_asked_ = true;
    wake_.notify_all();
    return true;
}

// A large group has the store for some milliseconds.
bool Writer::sweep_on_loop(std::size_t entries) { return writing_ || engine_.store.sweep(entries).value_or(false); }

void Writer::start_write(std::shared_ptr<Group> mine) {
    engine_.reader.end_snapshot();
    prepare(*mine);
    if (!thread_.joinable()) thread_ = std::thread{[this] { write_loop(); }};
    const std::lock_guard lock{mutex_};
    writing_ = std::move(mine);
    writer_done_ = false;
    wake_.notify_all();
}

// Each slice is synced like a commit, so it is larger than those of the loop.
constexpr std::size_t swept_by_writer = 400;

void Writer::write_loop() {
    std::unique_lock lock{mutex_};
    for (;;) {
        wake_.wait(lock, [this] { return stop_writer_ || (writing_ && !writer_done_) || sweep_asked_; });
        if (stop_writer_) return;
        if (!writing_ || writer_done_) {
            lock.unlock();
            const bool more = engine_.store.sweep(swept_by_writer).value_or(false);
            lock.lock();
            sweep_asked_ = more && !engine_.store.sweeps_want_warmth();   // else the loop asks again when it is there
            continue;
        }
        const auto mine = writing_;
        lock.unlock();
        auto failed = write(*mine);
        lock.lock();
        written_ = std::move(failed);
        writer_done_ = true;
        wake_.notify_all();
        asio::post(engine_.executor, [weak = engine_.weak_from_this()] {
            if (auto self = weak.lock()) self->writer.collect_write();
        });
    }
}

std::shared_ptr<Group> Writer::take_written() {
    const std::lock_guard lock{mutex_};
    if (!writer_done_) return nullptr;
    const auto mine = std::exchange(writing_, nullptr);
    mine->just_failed = std::exchange(written_, {});
    mine->failed.insert(mine->just_failed.begin(), mine->just_failed.end());
    writer_done_ = false;
    return mine;
}

// On the loop: takes what the writer finished and hands it the next group.
void Writer::collect_write() {
    const auto mine = take_written();
    if (!mine) return;
    finish(mine);
    if (!posted_) commit_posted();
}

}   // namespace sluice::streams
