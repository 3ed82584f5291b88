#include "emulator/streams/catalog/uniform.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace sluice::streams {
namespace {

HashKey distance(HashKey a, HashKey b) { return a < b ? minus(b, a) : minus(a, b); }

// Of the wanted boundaries inside a shard, the nearest to its middle.
HashKey middlemost(const HashRange& range, const std::vector<HashKey>& wanted) {
    const auto middle = middle_of(range);
    return *std::ranges::min_element(wanted, {}, [&](HashKey at) { return distance(at, middle); });
}

// Takes the nearest to `at` out of `old`, which is not empty; of two the lower.
HashKey take_nearest(std::set<HashKey>& old, HashKey at) {
    auto nearest = old.lower_bound(at);
    if (nearest == old.end() || (nearest != old.begin() && distance(*std::prev(nearest), at) <= distance(*nearest, at)))
        --nearest;
    return old.extract(nearest).value();
}

}   // namespace

UniformPlan plan_uniform(const std::vector<HashRange>& open, std::int32_t target) {
    const auto count = static_cast<std::int32_t>(open.size());
    std::set<HashKey> old, kept, missing;   // boundaries
    for (const auto& range : open) old.insert(range.first);
    old.erase(open.front().first);
    const auto equal = even_ranges(target);
    for (std::size_t i = 1; i < equal.size(); ++i) (old.erase(equal[i].first) != 0 ? kept : missing).insert(equal[i].first);

    UniformPlan plan;
    const auto split_at = [&](HashKey key) {
        kept.insert(key);
        missing.erase(key);
        ++plan.splits;
    };
    if (std::int64_t{target} * 4 % count == 0) {
        while (!missing.empty()) split_at(*missing.begin());
    } else if (target > count) {
        for (const auto& range : open) {
            const std::vector<HashKey> inside(missing.upper_bound(range.first), missing.upper_bound(range.last));
            if (!inside.empty()) split_at(middlemost(range, inside));
        }
    }
    // Uneven shards may have too few boundaries between them.
    while (missing.size() > old.size()) split_at(*missing.begin());
    for (const auto key : missing) kept.insert(take_nearest(old, key));
    plan.starts.assign(kept.begin(), kept.end());
    plan.merges = count + plan.splits - target;
    return plan;
}

}   // namespace sluice::streams
