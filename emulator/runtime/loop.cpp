#include "emulator/runtime/loop.h"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "emulator/runtime/spawn.h"

namespace sluice {

void spawn(const Executor& executor, Task<void> task) { asio::co_spawn(executor, std::move(task), stop_loudly); }

void stop_loudly(const std::exception_ptr& error) {
    if (!error) return;
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& bug) {
        std::fprintf(stderr, "sluice: stopped by a bug, please report it: %s\n", bug.what());
    } catch (...) {
        std::fprintf(stderr, "sluice: stopped by a bug, please report it: an unknown exception\n");
    }
    std::abort();
}

Waiter::~Waiter() {
    for (const Signal* signal : watched_) std::erase_if(signal->waiters_, [this](auto& e) { return e.waiter == this; });
}

void Waiter::watch(const Signal& signal, Woken why) {
    if (woken_) return;
    if (signal.ended_) return wake(why);
    signal.waiters_.push_back({this, why});
    watched_.push_back(&signal);
}

void Waiter::deadline(Clock& clock, milliseconds span) {
    timer_ = Timer{clock, clock.within(timers::long_poll, span, [this] { wake(Woken::deadline); })};
}

void Waiter::wake(Woken why) {
    if (woken_) return;
    woken_ = why;
    for (const Signal* signal : watched_) std::erase_if(signal->waiters_, [this](auto& e) { return e.waiter == this; });
    watched_.clear();
    if (parked_) asio::post(executor_, std::exchange(parked_, nullptr));
}

Task<Woken> Waiter::wait() {
    if (!woken_) {
        auto park = [this](auto handler) { parked_ = [resume = std::move(handler)]() mutable { std::move(resume)(); }; };
        co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(park, use_task);
    }
    timer_.stop();
    co_return *woken_;
}

void Follower::follow(const Signal& signal) {
    leave();
    signal_ = &signal;
    after_ = signal.followers_;
    if (after_) after_->before_ = this;
    signal.followers_ = this;
}

void Follower::leave() {
    if (!signal_) return;
    (before_ ? before_->after_ : signal_->followers_) = after_;
    if (after_) after_->before_ = before_;
    signal_ = nullptr;
    before_ = after_ = nullptr;
}

void Signal::fire() {
    for (auto* follower = followers_; follower; follower = follower->after_) follower->fired();
    if (waiters_.empty()) return;
    // Waking edits the list, so take it whole first.
    auto waiting = std::exchange(waiters_, {});
    for (auto& [waiter, why] : waiting) waiter->wake(why);
}

void Signal::end() {
    ended_ = true;
    fire();
}

Signal::~Signal() {
    while (followers_) followers_->leave();
    for (auto& [waiter, why] : waiters_) std::erase(waiter->watched_, this);
}

}   // namespace sluice
