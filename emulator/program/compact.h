// `sluice compact DIR`: makes the file of a stopped server as small as what it holds (docs/decisions/003).
#pragma once

#include <string>
#include <vector>

namespace sluice {

// Yields the exit status; throws Exit for a wrong use, storage::StartError for a folder that cannot be compacted.
int compact(std::vector<std::string> args);

}   // namespace sluice
