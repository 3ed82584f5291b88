#include "emulator/program/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sluice {

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t fewest = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        std::vector<std::size_t> row(candidate.size() + 1);   // edits from word's first i letters to candidate's first k
        std::iota(row.begin(), row.end(), std::size_t{0});
        for (std::size_t i = 1; i <= word.size(); ++i) {
            auto diagonal = std::exchange(row[0], i);
            for (std::size_t k = 1; k <= candidate.size(); ++k) {
                const auto swap = diagonal + (word[i - 1] == candidate[k - 1] ? 0 : 1);
                diagonal = row[k];
                row[k] = std::min({row[k] + 1, row[k - 1] + 1, swap});
            }
        }
        if (row.back() < fewest) fewest = row.back(), best = candidate;
    }
    return best;
}

}   // namespace sluice
