// Turns the loop's one real timer into a world's clock: armed for the next thing that can be due, never
// polling. Nothing runs while nothing is due.
#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "emulator/runtime/clock.h"
#include "emulator/runtime/live_patience.h"
#include "emulator/runtime/loop.h"
#include "emulator/runtime/turns.h"

namespace sluice {

class Driver {
  public:
    Driver(asio::io_context& loop, Clock& clock) : clock_(clock), timer_(loop) {
        listening_ = clock_.listen({.changed = [this] { arm(); }, .sooner = [this] { arm(); }});
        arm();
    }
    ~Driver() { stop(); }
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    void arm() {
        if (stopped_) return;
        timer_.cancel();
        const auto now = steady_nanoseconds();
        std::optional<LivePatience::Span> next = clock_.until_next(!patience_.look_at());
        if (const auto look = patience_.look_at()) next = std::min(next.value_or(longest), std::max(*look - now, {}));
        if (!next) return;
        const auto span = std::clamp<LivePatience::Span>(*next, LivePatience::Span{0}, longest);
        meant_ = now + span;
        timer_.expires_after(span);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (error || stopped_) return;
            look();
        });
    }
    void stop() {
        stopped_ = true;
        timer_.cancel();
        listening_.stop();
    }

  private:
    void look() {
        const auto decision = patience_.look(steady_nanoseconds(), meant_, clock_.live_due());
        if (decision.excused.count() > 0) clock_.excuse(decision.excused);
        if (decision.fire)
            clock_.run_due(most_at_once);
        else
            clock_.run_due_but_live(most_at_once);
        arm();
    }

    static constexpr std::size_t most_at_once = 16;
    static constexpr LivePatience::Span longest = std::chrono::hours{1};   // the steady timer's range is no worry then
    Clock& clock_;
    Clock::Listening listening_;
    LivePatience patience_;
    LivePatience::Span meant_{};
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer_;
    bool stopped_ = false;
};

}   // namespace sluice
