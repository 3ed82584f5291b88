// Who of a group is to own which partitions: pure functions of who subscribes to what, how many partitions there are, and what
// each had before. Equal input gives equal output, whatever order members came in.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "emulator/kafka/groups/assignment.h"

namespace sluice::kafka {

struct Subscriber {
    std::string_view order;                // its place beside others: the instance id of a static member, else the member id
    std::vector<streams::Uuid> topics{};   // ascending
    const Assignment* before = nullptr;    // what it was to own so far; nothing: none
};
using PartitionCounts = std::map<streams::Uuid, std::int32_t>;

// Each as evenly loaded as its subscription allows, moving as little as possible.
std::vector<Assignment> assign_uniform(std::span<const Subscriber>, const PartitionCounts&);
// Each topic by itself in contiguous ranges, so that equal numbers of topics with as many partitions lie at the same member.
std::vector<Assignment> assign_range(std::span<const Subscriber>, const PartitionCounts&);

}   // namespace sluice::kafka
