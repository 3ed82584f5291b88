// What a client says that it owns, however long and in whatever order it says it: sorted once, at the end.
#pragma once

#include <algorithm>

#include "emulator/kafka/groups/assignment.h"

namespace sluice::kafka {

template <class Key>
class OwnedList {
  public:
    void add(const Key& key, const auto& partitions) {
        auto& list = lists_[key];
        list.insert(list.end(), partitions.begin(), partitions.end());
    }
    PartitionsBy<Key> take() {
        for (auto& [key, list] : lists_) {
            std::ranges::sort(list);
            const auto rest = std::ranges::unique(list);
            list.erase(rest.begin(), rest.end());
        }
        std::erase_if(lists_, [](const auto& entry) { return entry.second.empty(); });
        return std::move(lists_);
    }

  private:
    PartitionsBy<Key> lists_;
};

}   // namespace sluice::kafka
