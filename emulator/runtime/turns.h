// How long the loop is away from its sockets: a turn is all that runs between two waits for events, so while it lasts no other
// connection is served. Measured at epoll_wait itself (the linker wraps it, see CMakeLists.txt), because Asio has no place to
// ask. For the same reason it is here that the loop asks its sockets again before it sleeps (busy_poll.h).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "emulator/runtime/busy_poll.h"

namespace sluice {

// Counts up and never jumps; in clock.cpp, the one place that reads clocks.
std::chrono::nanoseconds steady_nanoseconds();

class Turns {
  public:
    using Span = std::chrono::nanoseconds;
    // A turn is counted at the first end that it does not pass, or after the last one.
    static constexpr auto ends = [] {
        std::array<Span, 26> made{};
        std::size_t i = 0;
        for (Span decade = std::chrono::microseconds{100}; i < made.size(); decade *= 10)
            for (const int step : {1, 2, 3, 5, 7})
                if (i < made.size()) made[i++] = decade * step;
        return made;
    }();

    explicit Turns(Span (*now)() = steady_nanoseconds, BusyPoll poll = BusyPoll{}) : now_(now), poll_(poll) {}
    // From here to its end the waits of this thread's loop are turns' ends.
    class Watch {
      public:
        explicit Watch(Turns&);
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
    };

    void begin() { began_ = now_(); }
    void end();
    // Between an end and a begin: whether to ask the sockets once more instead of sleeping.
    bool asks_again() const { return poll_.wanted() && now_() - ended_ < BusyPoll::lasts_at_most; }
    void woke(int events);   // begun after a wait that could sleep

    const std::array<std::uint64_t, ends.size() + 1>& counts() const { return counts_; }
    std::uint64_t count() const;
    Span sum() const { return sum_; }
    Span longest() const { return longest_; }

  private:
    Span (*now_)();
    BusyPoll poll_;
    Span began_{}, ended_{}, woke_{}, sum_{}, longest_{};
    std::array<std::uint64_t, ends.size() + 1> counts_{};
};

}   // namespace sluice
