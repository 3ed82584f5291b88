// An entry that the store hands out in pieces, as one row of bytes.
#pragma once

#include <algorithm>
#include <vector>

#include "storage/store.h"

namespace sluice::streams {

// Without its first `skip` bytes.
inline std::vector<std::byte> joined(const storage::EntryView& entry, std::size_t skip = 0) {
    std::vector<std::byte> whole;
    whole.reserve(entry.size());
    for (auto piece : entry.pieces) {
        const auto left_out = std::min(skip, piece.size());
        skip -= left_out;
        whole.insert(whole.end(), piece.begin() + static_cast<std::ptrdiff_t>(left_out), piece.end());
    }
    return whole;
}

}   // namespace sluice::streams
