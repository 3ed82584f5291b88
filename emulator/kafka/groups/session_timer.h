// The timer of the sessions of a group's members, whatever kind the group is of. Heartbeats are many: they only move a member's
// time on, and the timer looks again when it fires. Whoever looks forgets what was armed first.
#pragma once

#include <optional>

#include "emulator/runtime/clock.h"
#include "emulator/runtime/timers.h"

namespace sluice::kafka {

template <class OfGroup, class Look>
void arm_sessions(Clock& clock, OfGroup& group, std::optional<Time> next, Look look) {
    if (group.session_armed && next && *group.session_armed <= *next) return;
    group.session_armed = next;
    group.session.stop();
    if (next) group.session = Timer{clock, clock.at(timers::member_session, *next, std::move(look))};
}

}   // namespace sluice::kafka
