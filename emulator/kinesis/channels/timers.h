#pragma once
#include "emulator/runtime/timers.h"
namespace sluice::timers {
inline constexpr DueKind<Line::data> channel_object{"a channel's object that is as old as it may become"};
inline constexpr DueKind<Line::live> channel_retry{"a channel whose folder could not be written to"};
}   // namespace sluice::timers
