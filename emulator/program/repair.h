// `sluice repair DIR RECORD`: sets a damaged record of a stopped server aside, so that the rest of the folder opens (rule 31).
#pragma once

#include <string>
#include <vector>

namespace sluice {

// Yields the exit status; throws Exit for a wrong use, storage::StartError for a folder that cannot be opened.
int repair(std::vector<std::string> args);

}   // namespace sluice
