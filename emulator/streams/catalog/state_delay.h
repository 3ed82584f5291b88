// How long a stream, a consumer, a channel or a queue stays CREATING, UPDATING or DELETING: for the state delay from when that
// began. After a restart for the rest of it; after a commit that failed for all of it, so that a full store is not asked without
// pause.
#pragma once

#include <algorithm>
#include <utility>

#include "emulator/runtime/clock.h"

namespace sluice::streams {

// What is left of it for one that was read from the store. `known`: it was in memory before.
inline milliseconds state_left(Time ready_at, Time now, milliseconds delay, bool known) {
    return known ? delay : std::clamp<milliseconds>(ready_at - now, milliseconds{0}, delay);
}

inline Timer end_of_state(Clock& clock, milliseconds left, Clock::Fire fire) {
    return Timer{clock, clock.within(timers::state_delay, left, std::move(fire))};
}

}   // namespace sluice::streams
