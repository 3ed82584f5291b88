// What `sluice repair` does to a damaged record (rule 31).
#pragma once

#include <string_view>

#include "storage/store.h"

namespace sluice::streams {

// Moves what lies under `key` to a place that no server reads; its bytes stay, and so do the logs that it names. False: there is
// no such record, or no room to keep it.
bool set_aside(storage::Store&, std::string_view key);

}   // namespace sluice::streams
