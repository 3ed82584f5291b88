#include "emulator/runtime/worker.h"

#include <boost/asio/executor_work_guard.hpp>

namespace sluice {

void Worker::ask(Job job, Job then) {
    // The guard travels with the answer: a loop that has nothing else to do waits for it.
    auto answer = [executor = executor_, held = asio::make_work_guard(executor_), then = std::move(then)]() mutable {
        asio::post(executor, [done = std::move(then)]() mutable { done(); });
    };
    if (!thread_.joinable()) thread_ = std::thread{[this] { work(); }};
    const std::lock_guard lock{mutex_};
    asked_.push_back({std::move(job), std::move(answer)});
    wake_.notify_one();
}

Task<void> Worker::run(Job job) {
    auto start = [this, &job](auto handler) {
        ask(std::move(job), [resume = std::move(handler)]() mutable { std::move(resume)(); });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(start, use_task);
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        wake_.notify_one();
    }
    thread_.join();
}

void Worker::work() {
    std::unique_lock lock{mutex_};
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || !asked_.empty(); });
        if (asked_.empty()) return;
        auto one = std::move(asked_.front());
        asked_.pop_front();
        lock.unlock();
        one.job();
        one.job = nullptr;   // what it holds ends before anybody hears of it
        one.then();
        one.then = nullptr;
        lock.lock();
    }
}

}   // namespace sluice
