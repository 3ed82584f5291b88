// The writer thread, of `power` and for what is large: one group at a time. The loop collects the next one meanwhile.
#include "emulator/streams/state.h"

namespace sluice::streams {

void Engine::State::start_write(std::shared_ptr<Group> mine) {
    turn.reset();
    prepare(*mine);
    if (!writer.joinable()) writer = std::thread{[this] { write_loop(); }};
    const std::lock_guard lock{mutex};
    writing = std::move(mine);
    writer_done = false;
    wake.notify_all();
}

// Each slice is synced like a commit, so it is larger than those of the loop.
constexpr std::size_t swept_by_writer = 400;

void Engine::State::write_loop() {
    std::unique_lock lock{mutex};
    for (;;) {
        wake.wait(lock, [this] { return stop_writer || (writing && !writer_done) || sweep_asked; });
        if (stop_writer) return;
        if (!writing || writer_done) {
            lock.unlock();
            const bool more = store.sweep(swept_by_writer).value_or(false);
            lock.lock();
            sweep_asked = more && !store.sweeps_want_warmth();   // else the loop asks again when it is there
            continue;
        }
        const auto mine = writing;
        lock.unlock();
        auto failed = write(*mine);
        lock.lock();
        written = std::move(failed);
        writer_done = true;
        wake.notify_all();
        asio::post(executor, [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->collect_write();
        });
    }
}

std::shared_ptr<Group> Engine::State::take_written() {
    const std::lock_guard lock{mutex};
    if (!writer_done) return nullptr;
    const auto mine = std::exchange(writing, nullptr);
    mine->just_failed = std::exchange(written, {});
    mine->failed.insert(mine->just_failed.begin(), mine->just_failed.end());
    writer_done = false;
    return mine;
}

// On the loop: takes what the writer finished and hands it the next group.
void Engine::State::collect_write() {
    const auto mine = take_written();
    if (!mine) return;
    finish(mine);
    if (!posted) commit_posted();
}

}   // namespace sluice::streams
