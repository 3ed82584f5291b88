// Faults planted on purpose, one line each, to show that simulation and crash test can fail (docs/testing.md). They exist in a
// build with SLUICE_PLANTED alone, where PLANTED_BUG names the one that is awake; everywhere else `planted` is false while
// compiling, and nothing is left of them.
#pragma once

#include <string_view>

#ifdef SLUICE_PLANTED
#include <cstdlib>
#endif

namespace sluice {

#ifdef SLUICE_PLANTED
inline bool planted(std::string_view name) {
    static const char* const awake = std::getenv("PLANTED_BUG");
    return awake != nullptr && name == awake;
}
#else
constexpr bool planted(std::string_view) { return false; }
#endif

}   // namespace sluice
