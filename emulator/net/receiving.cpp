#include "emulator/net/receiving.h"

#include <algorithm>
#include <vector>

#include "protocol/wire_limits.h"

namespace sluice {

Sender::Sender(Receiving& all, std::function<void()> give_up) : all_(all), give_up_(std::move(give_up)) {}

Sender::~Sender() { all_.change(*this, 0); }

void Sender::lacks_rest(std::size_t held) {
    // Less than it was and what came: a request became whole in between, so this is another one.
    if (held != held_ + last_read_) looked_at_ = false;
    last_read_ = 0;
    reading_ = true;
    if (held != held_) all_.change(*this, held);
}

void Sender::received(std::size_t bytes) {
    reading_ = false;
    came_ += bytes;
    last_read_ = bytes;
}

Receiving::Receiving(Clock& clock, std::string door, std::function<void(std::string_view)> note)
    : clock_(clock), door_(std::move(door)), note_(std::move(note)) {}

void Receiving::change(Sender& sender, std::size_t held) {
    const bool was = sender.held_ > 0;
    held_ += held - sender.held_;
    sender.held_ = held;
    if (was != (held > 0)) {
        if (was) {
            unfinished_.erase(&sender);
        } else {
            unfinished_.insert(&sender);
        }
    }
    if (unfinished_.empty()) return;
    if (!armed_) arm(wire_limits::patience);
    if (held_ <= wire_limits::unfinished_bytes) return;
    if (!hurried_) {
        // What was seen 15 s or 1 ms ago says nothing about the next second.
        for (auto* one : unfinished_) one->looked_at_ = false;
        arm(wire_limits::short_patience);
        hurried_ = true;
    }
    if (held_ <= wire_limits::most_unfinished_bytes) return;
    give_up(**std::ranges::max_element(unfinished_, {}, [](const Sender* one) { return one->held_; }));
    note_(door_ + ": unfinished requests held more than " +
          std::to_string(wire_limits::most_unfinished_bytes / wire_limits::mib) +
          " MiB; the connection that held most was closed");
}

void Receiving::stop() {
    stopped_ = true;
    timer_.stop();
}

void Receiving::arm(milliseconds span) {
    if (stopped_) return;
    armed_ = true;
    hurried_ = false;
    timer_ = Timer{clock_, clock_.at(timers::unfinished_request, clock_.live() + span, [this] { look(); })};
}

void Receiving::look() {
    armed_ = false;
    std::vector<Sender*> stalled;
    for (auto* one : unfinished_) {
        if (one->looked_at_ && one->reading_ && one->came_ < wire_limits::least_progress_bytes) stalled.push_back(one);
        one->looked_at_ = true;
        one->came_ = 0;
    }
    for (auto* one : stalled) give_up(*one);
    if (!stalled.empty())
        note_(door_ + ": closed " + std::to_string(stalled.size()) +
              (stalled.size() == 1 ? " connection that" : " connections that") + " began a request and did not go on with it");
    if (unfinished_.empty() || armed_) return;
    const bool hurry = held_ > wire_limits::unfinished_bytes;
    arm(hurry ? wire_limits::short_patience : wire_limits::patience);
    hurried_ = hurry;
}

// Out of the count at once: its session ends in a later turn of the loop.
void Receiving::give_up(Sender& sender) {
    sender.given_up_ = true;
    change(sender, 0);
    sender.give_up_();
}

}   // namespace sluice
