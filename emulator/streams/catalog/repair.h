// A record that no engine can have written stops the start, and is named there. Setting it aside keeps its bytes in the store,
// where no engine looks, and lets the rest open: the streams, groups and records that it does not hold.
#pragma once

#include <string>
#include <vector>

#include "storage/store.h"

namespace sluice::streams {

// Start-up trouble with one record.
struct DamagedRecord : storage::StartError {
    DamagedRecord(const std::string& text, std::string_view record) : StartError(text), key(record) {}
    std::string key;
};

// Opens the store again and again until nothing stops the start; yields what was said of each record that was set aside. Throws
// StartError for what cannot be set aside: the first record, which holds the next numbers.
std::vector<std::string> repair(storage::Store&);

}   // namespace sluice::streams
