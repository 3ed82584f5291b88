// Whether the loop asks its sockets again for some microseconds before it sleeps. A program that sends one small request after
// another pays two wake-ups for each, its own and the server's, and they are most of what it waits for (docs/decisions/006). So
// after a row of short waits, each for one event and after little work, the loop goes on asking; where more is in flight it never
// does, and where it asked in vain, as when whom it waits for needs its very processor, it tries again ever later.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace sluice {

class BusyPoll {
  public:
    using Span = std::chrono::nanoseconds;
    static constexpr Span lasts_at_most = std::chrono::microseconds{80};   // then it sleeps as ever
    static constexpr Span short_wait = std::chrono::microseconds{120};     // with two wake-ups in it
    static constexpr Span in_vain =
        std::chrono::microseconds{500};   // whom it waits for paused, or somebody else had the processor
    static constexpr Span little_work = std::chrono::microseconds{30};
    static constexpr int shortest_row = 4, longest_row = 1024;

    // On a single processor whom it waits for could not run meanwhile.
    explicit BusyPoll(unsigned processors = std::thread::hardware_concurrency()) : processors_(processors) {}

    bool wanted() const { return seen_ >= row_ && processors_ > 1; }
    // After each wait that may sleep: how many events it ended with, how long it lasted, and how long the loop had worked before
    // it.
    void waited(int events, Span lasted, Span worked) {
        if (wanted()) row_ = lasted < in_vain ? std::max(row_ / 2, shortest_row) : std::min(4 * row_, longest_row);
        seen_ = events == 1 && lasted < short_wait && worked < little_work ? std::min(seen_ + 1, longest_row) : 0;
    }

  private:
    unsigned processors_;
    int seen_ = 0, row_ = shortest_row;   // such waits in a row, and how many it takes
};

}   // namespace sluice
