// The client words of the command line: `sluice clock advance 25h` and its like. Each is one call of the
// control plane.
#pragma once

#include <string>
#include <vector>

#include "emulator/program/options.h"

namespace sluice::control {

// Whether these arguments ask for a word (or the overview) and not for the server.
bool is_word(const std::vector<std::string>& args);
// Yields the exit status; throws Exit for a wrong use.
int run_word(std::vector<std::string> args, const Environment&);

}   // namespace sluice::control
