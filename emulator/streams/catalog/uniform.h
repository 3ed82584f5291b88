// Where the boundaries of shards lie after UpdateShardCount, and what it takes to get there.
//
// Wanted are those of equal ranges. Where the target is a multiple of a quarter of the open shards, which AWS recommends, each
// wanted boundary that is not there is made by a split, so the ranges are equal. Otherwise growing splits each shard once, at the
// wanted boundary nearest to its middle, and shrinking only merges; what is still wanted then is met by the nearest old boundary.
// All other boundaries go by merges. That yields the shards that AWS was seen to make (moto's tests, run against AWS: open shards
// -> target = shards ever made: 2 -> 4 = 6, 4 -> 5 = 15, 10 -> 13 = 37, 4 -> 2 = 6, 5 -> 3 = 7, 10 -> 3 = 17; a user's list of
// 2023: 4 -> 3 = 11, of which 6, 9 and 10 are open).
#pragma once

#include <cstdint>
#include <vector>

#include "emulator/streams/catalog/hash_key.h"

namespace sluice::streams {

struct UniformPlan {
    std::vector<HashKey> starts;   // of the ranges at the end but the first, ascending
    std::int32_t splits{}, merges{};
    std::int32_t made() const { return 2 * splits + merges; }   // shards, short-lived ones among them
};

// Of open shards with these ranges, which follow one another and cover everything. Precondition: 1 <= target.
UniformPlan plan_uniform(const std::vector<HashRange>& open, std::int32_t target);

}   // namespace sluice::streams
