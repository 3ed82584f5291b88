// Peers that are idle or gone. A machine that lost its power sends no end-of-file: without this its connection holds a place for
// ever. The kernel asks a silent peer whether it is there; and a connection over which nothing moves, while the server owes its
// peer nothing, is closed after a time.
#pragma once

#include <functional>
#include <optional>

#include "emulator/runtime/clock.h"

namespace sluice {

// One connection's part; a member of its session. By live time: a moved clock closes nobody.
class Idle {
  public:
    // No limit: never. `busy`: the peer waits for an answer, so that its silence says nothing. `close` is called from a timer.
    Idle(Clock&, std::optional<milliseconds> limit, std::function<bool()> busy, std::function<void()> close);
    void touch();   // bytes moved, or an answer was given
    void stop() { timer_.stop(); }

  private:
    void arm(Time due);
    void look();

    Clock& clock_;
    std::optional<milliseconds> limit_;
    std::function<bool()> busy_;
    std::function<void()> close_;
    Time touched_{};
    Timer timer_;
};

// After a minute of silence the kernel asks, four times, 15 s apart; who does not answer is gone.
void keep_alive(int socket);

}   // namespace sluice
