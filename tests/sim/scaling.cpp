// Splits, merges, and the rule of UpdateShardCount written down a second time: first which boundaries there will be, in plain
// lists, then a walk from the lowest key, which splits and merges as it goes.
#include <algorithm>

#include "tests/sim/model.h"

namespace sluice::sim {
namespace {

Hash apart(Hash a, Hash b) { return a < b ? b - a : a - b; }

bool has(const std::vector<Hash>& all, Hash one) { return std::ranges::find(all, one) != all.end(); }

// Where ranges begin in the end, but for the first.
std::vector<Hash> boundaries(const std::vector<std::pair<Hash, Hash>>& open, std::size_t target) {
    std::vector<Hash> kept, missing, old;
    for (std::size_t i = 1; i < open.size(); ++i) old.push_back(open[i].first);
    for (const auto& [first, last] : even_ranges(target))
        if (first != 0) (has(old, first) ? kept : missing).push_back(first);
    for (const auto one : kept) std::erase(old, one);
    const auto split_at = [&](Hash at) {
        kept.push_back(at);
        std::erase(missing, at);
    };
    const bool quarters = 4 * target % open.size() == 0;
    for (const auto& [first, last] : open) {
        std::vector<Hash> inside;
        for (const auto one : missing)
            if (first < one && one <= last) inside.push_back(one);
        const auto middle = last - (last - first) / 2;   // the odd one out belongs to the lower half
        if (quarters)
            for (const auto one : inside) split_at(one);
        else if (target > open.size() && !inside.empty())
            split_at(*std::ranges::min_element(inside, {}, [&](Hash at) { return apart(at, middle); }));
    }
    while (missing.size() > old.size()) split_at(missing.front());
    for (const auto one : missing) {
        const auto nearest = *std::ranges::min_element(old, {}, [&](Hash at) { return apart(at, one); });
        kept.push_back(nearest);
        std::erase(old, nearest);
    }
    std::ranges::sort(kept);
    return kept;
}

}   // namespace

std::vector<std::int32_t> Stream::open_in_order() const {
    std::vector<std::int32_t> open;
    for (std::size_t i = 0; i < shards.size(); ++i)
        if (!shards[i].sealed) open.push_back(static_cast<std::int32_t>(i));
    std::ranges::sort(open, {}, [&](std::int32_t i) { return shards[static_cast<std::size_t>(i)].first; });
    return open;
}

std::size_t Stream::split(std::size_t index, Hash at, Ms now) {
    const auto first = shards[index].first, last = shards[index].last;
    for (const auto& [from, to] : {std::pair{first, at - 1}, std::pair{at, last}}) {
        shards[index].children.push_back(static_cast<std::int32_t>(shards.size()));
        auto& child = shards.emplace_back();
        child.first = from, child.last = to;
        child.opened = now;
        child.parents = {static_cast<std::int32_t>(index)};
    }
    shards[index].sealed = true;
    shards[index].closed = now;
    keep_limits(now);
    return shards.size() - 1;
}

std::size_t Stream::merge(std::size_t lower, std::size_t upper, Ms now) {
    Shard child;
    child.first = shards[lower].first, child.last = shards[upper].last;
    child.opened = now;
    child.parents = {static_cast<std::int32_t>(lower), static_cast<std::int32_t>(upper)};
    for (const auto parent : {lower, upper}) {
        shards[parent].sealed = true;
        shards[parent].closed = now;
        shards[parent].children.push_back(static_cast<std::int32_t>(shards.size()));
    }
    shards.push_back(std::move(child));
    keep_limits(now);
    return shards.size() - 1;
}

void Stream::scale(std::size_t target, Ms now) {
    std::vector<std::size_t> rest;
    std::vector<std::pair<Hash, Hash>> ranges;
    for (const auto i : open_in_order()) {
        rest.push_back(static_cast<std::size_t>(i));
        ranges.emplace_back(shards[rest.back()].first, shards[rest.back()].last);
    }
    if (target == rest.size()) return;
    auto ends = boundaries(ranges, target);
    for (auto& end : ends) --end;
    ends.push_back(last_hash);
    std::size_t next = 0;
    for (const auto end : ends) {
        std::optional<std::size_t> whole;
        while (true) {
            auto part = rest[next];
            if (shards[part].last > end) {
                rest[next] = split(part, end + 1, now);
                part = rest[next] - 1;
            } else {
                ++next;
            }
            whole = whole ? merge(*whole, part, now) : part;
            if (shards[*whole].last == end) break;
        }
    }
}

}   // namespace sluice::sim
