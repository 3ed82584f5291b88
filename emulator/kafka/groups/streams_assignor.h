// Which member of a Streams group works on which tasks (KIP-1071, assignor "sticky"): a pure function of members, tasks and what
// each had before.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/kafka/groups/assignment.h"

namespace sluice::kafka {

using TasksBy = PartitionsBy<std::string>;   // of each subtopology

struct StreamsTasks {
    TasksBy active, standby;
    bool operator==(const StreamsTasks&) const = default;
    bool empty() const { return active.empty() && standby.empty(); }
};

struct StreamsWorker {
    std::string_view process;   // members of one process share its state on disk
    const StreamsTasks* before = nullptr;
};
struct StreamsWork {
    std::map<std::string, std::int32_t> tasks;
    std::set<std::string> stateful;
    std::int32_t standbys = 0;   // of each task that keeps something, each in another process
};
std::vector<StreamsTasks> assign_tasks(std::span<const StreamsWorker>, const StreamsWork&);

}   // namespace sluice::kafka
