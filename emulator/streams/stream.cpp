// The small parts of stream.h.
#include "emulator/streams/stream.h"

#include <algorithm>

namespace sluice::streams {

std::string Shard::id() const {
    auto digits = std::to_string(index);
    return "shardId-" + std::string(12 - std::min<std::size_t>(12, digits.size()), '0') + digits;
}

const Shard* Stream::open_shard_for(HashKey hash) const {
    const auto after = std::ranges::partition_point(open_ranges, [&](const auto& shard) { return shard->range.first <= hash; });
    if (after == open_ranges.begin()) return nullptr;
    const auto* shard = std::prev(after)->get();
    return shard->range.contains(hash) ? shard : nullptr;
}

std::size_t Stream::open_shards() const { return open_ranges.size(); }

void Heat::add(std::string_view key, std::int64_t at_second) {
    if (at_second != second) {
        second = at_second;
        total = 0;
        for (auto& slot : slots) slot.count = 0;
    }
    ++total;
    Slot* free = nullptr;
    for (auto& slot : slots) {
        if (slot.count != 0 && slot.key == key) return void(++slot.count);
        if (slot.count == 0) free = &slot;
    }
    if (free) {
        free->key = key;
        free->count = 1;
    } else {
        for (auto& slot : slots) --slot.count;
    }
}

const Heat::Slot* Heat::top() const {
    const auto best = std::ranges::max_element(slots, {}, &Slot::count);
    return best->count == 0 ? nullptr : &*best;
}

}   // namespace sluice::streams
