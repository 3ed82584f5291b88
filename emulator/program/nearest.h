// What a mistyped word may have meant, for messages that say "did you mean".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// The candidate with fewest edits, when that is few enough to be a slip.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}   // namespace sluice
