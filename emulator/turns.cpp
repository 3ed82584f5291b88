#include "emulator/turns.h"

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
    const auto took = now_() - began_;
    sum_ += took;
    longest_ = std::max(longest_, took);
    ++counts_[static_cast<std::size_t>(std::ranges::lower_bound(ends, took) - ends.begin())];
}

std::uint64_t Turns::count() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

}  // namespace sluice

// The names are the linker's (--wrap). NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
int __real_epoll_wait(int, epoll_event*, int, int);
int __wrap_epoll_wait(int descriptor, epoll_event* events, int most, int wait_ms);

int __wrap_epoll_wait(int descriptor, epoll_event* events, int most, int wait_ms) {
    using sluice::watched;
    if (!watched) return __real_epoll_wait(descriptor, events, most, wait_ms);
    watched->end();
    const int ready = __real_epoll_wait(descriptor, events, most, wait_ms);
    watched->begin();
    return ready;
}
}
// NOLINTEND(bugprone-reserved-identifier)
