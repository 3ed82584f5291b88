#include "emulator/kafka/groups/assignors.h"

#include <numeric>

namespace sluice::kafka {

namespace {

using Place = std::pair<streams::Uuid, std::int32_t>;

std::vector<std::size_t> in_order(std::span<const Subscriber> members) {
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return members[i].order; });
    return order;
}

// The work of one assignment. A partition moves only from a member that has at least two more than the one that gets it.
class Balance {
  public:
    Balance(std::span<const Subscriber> members, const PartitionCounts& counts)
        : members_(members), counts_(counts), owned_(members.size()), loads_(members.size()) {
        for (const auto i : in_order(members))
            for (const auto& topic : members[i].topics) subscribers_[topic].push_back(i);
    }
    std::vector<Assignment> run() {
        keep();
        deal();
        level();
        return std::move(owned_);
    }

  private:
    void give(std::size_t member, const Place& place) {
        assignments::add(owned_[member], place.first, place.second);
        ++loads_[member];
        owner_[place] = member;
    }
    void take(std::size_t member, const Place& place) {
        const auto found = owned_[member].find(place.first);
        std::erase(found->second, place.second);
        if (found->second.empty()) owned_[member].erase(found);
        --loads_[member];
    }
    std::size_t least(const std::vector<std::size_t>& of) const {
        return *std::ranges::min_element(of, {}, [&](std::size_t i) { return loads_[i]; });
    }
    void keep() {
        for (const auto i : in_order(members_)) {
            if (!members_[i].before) continue;
            assignments::each(*members_[i].before, [&](const streams::Uuid& topic, std::int32_t partition) {
                const auto count = counts_.find(topic);
                if (count == counts_.end() || partition >= count->second || owner_.contains({topic, partition})) return;
                if (std::ranges::binary_search(members_[i].topics, topic)) give(i, {topic, partition});
            });
        }
    }
    // Topics that few read come first: their readers have no choice.
    void deal() {
        std::vector<std::pair<std::size_t, streams::Uuid>> topics;
        for (const auto& [topic, readers] : subscribers_) topics.emplace_back(readers.size(), topic);
        std::ranges::sort(topics);
        for (const auto& [count, topic] : topics) {
            const auto partitions = counts_.find(topic);
            if (partitions == counts_.end()) continue;
            for (std::int32_t p = 0; p < partitions->second; ++p)
                if (!owner_.contains({topic, p})) give(least(subscribers_[topic]), {topic, p});
        }
    }
    // The last partitions move, so that a member keeps its first ones. Each move makes the sum of squares of the loads smaller,
    // so there is an end.
    void level() {
        for (bool moved = true; moved;) {
            moved = false;
            for (auto at = owner_.rbegin(); at != owner_.rend(); ++at) {
                const auto to = least(subscribers_[at->first.first]);
                if (loads_[to] + 1 >= loads_[at->second]) continue;
                take(at->second, at->first);
                assignments::add(owned_[to], at->first.first, at->first.second);
                ++loads_[to];
                at->second = to;
                moved = true;
            }
        }
    }

    std::span<const Subscriber> members_;
    const PartitionCounts& counts_;
    std::map<streams::Uuid, std::vector<std::size_t>> subscribers_;   // in order
    std::vector<Assignment> owned_;
    std::vector<std::size_t> loads_;
    std::map<Place, std::size_t> owner_;
};

}   // namespace

std::vector<Assignment> assign_uniform(std::span<const Subscriber> members, const PartitionCounts& counts) {
    return Balance{members, counts}.run();
}

std::vector<Assignment> assign_range(std::span<const Subscriber> members, const PartitionCounts& counts) {
    std::vector<Assignment> owned(members.size());
    std::map<streams::Uuid, std::vector<std::size_t>> subscribers;
    for (const auto i : in_order(members))
        for (const auto& topic : members[i].topics) subscribers[topic].push_back(i);
    for (const auto& [topic, readers] : subscribers) {
        const auto count = counts.find(topic);
        if (count == counts.end()) continue;
        const auto share = count->second / static_cast<std::int32_t>(readers.size());
        auto more = count->second % static_cast<std::int32_t>(readers.size());
        std::int32_t next = 0;
        for (const auto reader : readers) {
            auto size = share + (more-- > 0 ? 1 : 0);
            for (; size > 0; --size) assignments::add(owned[reader], topic, next++);
        }
    }
    return owned;
}

}   // namespace sluice::kafka
