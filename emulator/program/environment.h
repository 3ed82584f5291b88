// Settings by environment variable: --kinesis-limits is SLUICE_KINESIS_LIMITS.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "emulator/program/options.h"

namespace sluice {

Environment read_environment(char** environ_block);

// Variables become flags in front of CLI11, unless the command line has the flag: then the order of precedence is right.
// Throws Exit for a variable that is no setting, and for a flag that is neither true nor false.
void add_environment(std::vector<std::string>& args, const CLI::App& app, const Environment& environment);

}   // namespace sluice
