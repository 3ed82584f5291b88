// Slow and hostile senders: counts what a door's connections hold of requests that are not whole, and gives up those that
// began one and do not go on with it. It looks only while something is unfinished, and costs two additions a read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "emulator/runtime/clock.h"

namespace sluice {

class Receiving;

// One connection's part; a member of its session.
class Sender {
  public:
    // `give_up` ends the connection; it may be called from inside lacks().
    Sender(Receiving&, std::function<void()> give_up);
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    // Before each read: so many bytes are here of a request that is not whole; 0 when none was begun.
    void lacks_rest(std::size_t held);
    // After it.
    void received(std::size_t bytes);
    bool given_up() const { return given_up_; }

  private:
    friend class Receiving;
    Receiving& all_;
    std::function<void()> give_up_;
    std::size_t held_ = 0, came_ = 0;   // came_: since the last look
    std::size_t last_read_ = 0;
    bool looked_at_ = false;   // the same request was unfinished at the last look
    bool reading_ = false;     // a server that does not read has no slow sender
    bool given_up_ = false;
};

class Receiving {
  public:
    // `note` gets one line for each look that gave somebody up. The clock's live time counts.
    Receiving(Clock&, std::string door, std::function<void(std::string_view)> note);
    std::size_t held() const { return held_; }
    // Looks no more: the clock may go before the last session does.
    void stop();

  private:
    friend class Sender;
    void change(Sender&, std::size_t held);
    void arm(milliseconds);
    void look();
    void give_up(Sender&);

    Clock& clock_;
    std::string door_;
    std::function<void(std::string_view)> note_;
    std::unordered_set<Sender*> unfinished_;
    std::size_t held_ = 0;
    Timer timer_;
    bool armed_ = false, hurried_ = false, stopped_ = false;
};

}   // namespace sluice
