// A thread beside the loop, for what would hold it: pages that have to come from a disk, large bodies. Jobs run in the order
// asked for, one at a time, and touch nothing that the loop touches meanwhile; what follows from them happens on the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "emulator/runtime/loop.h"

namespace sluice {

class Worker {
  public:
    using Job = std::move_only_function<void()>;
    explicit Worker(Executor executor) : executor_(std::move(executor)) {}
    ~Worker() { stop(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // `job` on the thread, which begins with the first one, then `then` on the loop; the loop has work until that has run.
    void ask(Job job, Job then);
    // The same for a coroutine, which waits. What the job uses lives as long as the coroutine does.
    Task<void> run(Job job);
    // Does what was asked for and ends the thread. Nothing may be asked for afterwards.
    void stop();

  private:
    struct Asked {
        Job job, then;
    };
    void work();

    Executor executor_;
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Asked> asked_;   // these three are guarded by the mutex
    bool stopping_ = false;
};

}   // namespace sluice
