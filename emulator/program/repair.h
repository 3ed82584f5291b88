// `sluice repair DIR`: sets aside what stops the start of a stopped server, so that the rest of its folder opens.
#pragma once

#include <string>
#include <vector>

namespace sluice {

// `args` without the word. Throws Exit and storage::StartError.
int repair(std::vector<std::string> args);

}   // namespace sluice
