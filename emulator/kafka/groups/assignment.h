// Partitions by what they are partitions of: a topic's id for consumers, a subtopology for tasks of Kafka Streams. Lists are
// sorted and never empty, so that equal assignments are equal values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "emulator/streams/stream.h"

namespace sluice::kafka {

template <class Key>
using PartitionsBy = std::map<Key, std::vector<std::int32_t>>;
using Assignment = PartitionsBy<streams::Uuid>;

namespace assignments {

template <class Key, class Combine>
PartitionsBy<Key> combine(const PartitionsBy<Key>& a, const PartitionsBy<Key>& b, Combine combined) {
    static const std::vector<std::int32_t> none;
    PartitionsBy<Key> out;
    for (const auto& [key, partitions] : a) {
        const auto other = b.find(key);
        std::vector<std::int32_t> kept;
        combined(partitions, other == b.end() ? none : other->second, std::back_inserter(kept));
        if (!kept.empty()) out.emplace(key, std::move(kept));
    }
    return out;
}
// What is in both.
template <class Key>
PartitionsBy<Key> both(const PartitionsBy<Key>& a, const PartitionsBy<Key>& b) {
    return combine(a, b, [](auto& x, auto& y, auto to) { std::ranges::set_intersection(x, y, to); });
}
template <class Key>
PartitionsBy<Key> without(const PartitionsBy<Key>& a, const PartitionsBy<Key>& b) {
    return combine(a, b, [](auto& x, auto& y, auto to) { std::ranges::set_difference(x, y, to); });
}
template <class Key>
PartitionsBy<Key> together(const PartitionsBy<Key>& a, const PartitionsBy<Key>& b) {
    auto out = combine(a, b, [](auto& x, auto& y, auto to) { std::ranges::set_union(x, y, to); });
    for (const auto& [key, partitions] : b) out.try_emplace(key, partitions);
    return out;
}
template <class Key>
bool within(const PartitionsBy<Key>& part, const PartitionsBy<Key>& whole) {
    return without(part, whole).empty();
}
template <class Key>
std::size_t count(const PartitionsBy<Key>& all) {
    std::size_t sum = 0;
    for (const auto& [key, partitions] : all) sum += partitions.size();
    return sum;
}
// Keeps the list sorted; a partition is in it once.
template <class Key>
void add(PartitionsBy<Key>& to, const Key& key, std::int32_t partition) {
    auto& list = to[key];
    const auto at = std::ranges::lower_bound(list, partition);
    if (at == list.end() || *at != partition) list.insert(at, partition);
}
template <class Key, class Visit>
void each(const PartitionsBy<Key>& all, Visit visit) {
    for (const auto& [key, partitions] : all)
        for (const auto partition : partitions) visit(key, partition);
}

}   // namespace assignments

}   // namespace sluice::kafka
