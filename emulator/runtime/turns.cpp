#include "emulator/runtime/turns.h"

#include <sched.h>
#include <sys/epoll.h>

#include <algorithm>
#include <numeric>

namespace sluice {

namespace {
thread_local Turns* watched = nullptr;   // gRPC's own threads wait as well: they have none
}

Turns::Watch::Watch(Turns& turns) {
    watched = &turns;
    turns.begin();
}

Turns::Watch::~Watch() {
    watched->end();
    watched = nullptr;
}

void Turns::end() {
    ended_ = now_();
    const auto took = ended_ - began_;
    sum_ += took;
    longest_ = std::max(longest_, took);
    ++counts_[static_cast<std::size_t>(std::ranges::lower_bound(ends, took) - ends.begin())];
}

void Turns::woke(int events) {
    poll_.waited(events, began_ - ended_, ended_ - woke_);
    woke_ = began_;
}

std::uint64_t Turns::count() const { return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}); }

}   // namespace sluice

// The names are the linker's (--wrap). NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
int __real_epoll_wait(int, epoll_event*, int, int);
int __wrap_epoll_wait(int descriptor, epoll_event* events, int most, int wait_ms);

int __wrap_epoll_wait(int descriptor, epoll_event* events, int most, int wait_ms) {
    using sluice::watched;
    if (!watched) return __real_epoll_wait(descriptor, events, most, wait_ms);
    watched->end();
    int ready = 0;
    if (wait_ms != 0)   // whom it waits for may have been put on this processor: it goes first
        while (watched->asks_again() && (ready = __real_epoll_wait(descriptor, events, most, 0)) == 0) sched_yield();
    if (ready == 0) ready = __real_epoll_wait(descriptor, events, most, wait_ms);
    watched->begin();
    if (wait_ms != 0) watched->woke(ready);
    return ready;
}
}
// NOLINTEND(bugprone-reserved-identifier)
