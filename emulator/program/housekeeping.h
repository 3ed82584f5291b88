// Gives freed pages back while nobody waits for them.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "emulator/streams/engine.h"

namespace sluice {

// Slices of freeing, some hundredths of a millisecond every millisecond, so that clients hardly meet one; asks once a second
// whether there is something to free. It need not be fast: appends free twice what they take.
class Housekeeping {
  public:
    Housekeeping(asio::io_context& loop, streams::Engine& engine) : engine_(engine), timer_(loop) {
        wait(std::chrono::seconds{1});
    }
    void stop() { stopped_ = true, timer_.cancel(); }

  private:
    void wait(milliseconds span) {
        timer_.expires_after(span);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) slice();
        });
    }
    void slice() {
        if (stopped_) return;
        wait(engine_.housekeep() ? milliseconds{1} : milliseconds{1000});
    }
    streams::Engine& engine_;
    asio::steady_timer timer_;
    bool stopped_ = false;
};

}   // namespace sluice
