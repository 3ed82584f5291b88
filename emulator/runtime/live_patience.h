// When live timers may fire. Somebody outside counts them, so none may fire because the loop was held up and had not yet read the
// heartbeats that lay in its sockets. Two looks decide: at the first the timer is due, at the second, a little later, it fires,
// when the loop came to both of them in time. A loop that came late was held up, and what it was late is left out of live time.
#pragma once

#include <chrono>
#include <optional>

#include "emulator/runtime/clock.h"

namespace sluice {

class LivePatience {
  public:
    using Span = std::chrono::nanoseconds;
    static constexpr Span late{std::chrono::milliseconds{50}}, second_look{std::chrono::milliseconds{50}};

    struct Decision {
        milliseconds excused{0};
        bool fire = false;
    };
    // The loop looks at `now` and had meant to at `meant`; both of a clock that never jumps.
    Decision look(Span now, Span meant, bool live_due) {
        const auto held_up = now - (look_at_ ? std::min(meant, *look_at_) : meant);
        if (held_up > late) {
            look_at_.reset();
            return {std::chrono::ceil<milliseconds>(held_up), false};
        }
        if (!live_due) {
            look_at_.reset();
            return {};
        }
        if (!look_at_) look_at_ = now + second_look;
        if (now < *look_at_) return {};
        look_at_.reset();
        return {milliseconds{0}, true};
    }
    // When a live timer that is due wants to be looked at next.
    std::optional<Span> look_at() const { return look_at_; }

  private:
    std::optional<Span> look_at_;
};

}   // namespace sluice
