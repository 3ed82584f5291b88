// Settings by environment variable: --kinesis-limits is SLUICE_KINESIS_LIMITS.
#pragma once

#include <string>
#include <vector>

#include "emulator/program/arguments.h"
#include "emulator/program/options.h"

namespace sluice {

Environment read_environment(char** environ_block);

// Variables become flags in front of the parser, unless the command line has the flag: then the order of precedence is right.
// Throws Exit for a variable that is no setting, and for a flag that is neither true nor false.
void add_environment(std::vector<std::string>& args, const std::vector<Arguments::Known>& flags, const Environment& environment);

}   // namespace sluice
