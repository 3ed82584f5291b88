// Turns the loop's one real timer into a world's clock: armed for the next thing that can be due, never
// polling. Nothing runs while nothing is due.
#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"

namespace sluice {

class Driver {
  public:
    // Hangs itself behind the clock's listeners; lives as long as the clock is moved.
    Driver(asio::io_context& loop, Clock& clock) : clock_(clock), timer_(loop) {
        clock_.on_change = [this, before = std::move(clock_.on_change)] {
            if (before) before();
            arm();
        };
        clock_.on_first = [this, before = std::move(clock_.on_first)] {
            if (before) before();
            arm();
        };
        arm();
    }
    ~Driver() { stop(); }
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    void arm() {
        if (stopped_) return;
        const auto next = clock_.until_next();
        timer_.cancel();
        if (!next) return;
        timer_.expires_after(std::clamp(*next, milliseconds{0}, longest));
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (error || stopped_) return;
            clock_.run_due(most_at_once);
            arm();
        });
    }
    void stop() {
        stopped_ = true;
        timer_.cancel();
        clock_.on_change = {};
        clock_.on_first = {};
    }

  private:
    static constexpr std::size_t most_at_once = 16;
    static constexpr milliseconds longest{3'600'000};   // the steady timer's range is no worry then
    Clock& clock_;
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer_;
    bool stopped_ = false;
};

}   // namespace sluice
