// What a Streams application needs beside its code (KIP-1071): how many tasks each subtopology has, which internal topics with
// how many partitions, and what stands in the way. A pure function of the topology and the topics there are.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "emulator/kafka/groups/stored_streams.h"
#include "emulator/kafka/groups/topic_table.h"

namespace sluice::kafka {

// The numbers that members are told.
enum class StreamsStatus : std::int8_t {
    stale_topology,
    missing_source_topics,
    incorrectly_partitioned_topics,
    missing_internal_topics,
    shutdown_application,
    assignment_delayed,
};

struct StreamsNeeds {
    struct Fault {
        StreamsStatus status{};
        std::string text;
    };
    std::optional<Fault> fault;                               // without one the application can run
    std::map<std::string, std::int32_t> tasks;                // of each subtopology
    std::set<std::string> stateful;                           // subtopologies that keep something
    std::vector<StreamsTopology::InternalTopic> internal;     // with their numbers of partitions, whether they are there or not
    std::vector<StreamsTopology::InternalTopic> missing;      // those that are not
    std::map<std::string, std::vector<std::string>> topics;   // what each subtopology reads
    bool operator==(const StreamsNeeds& other) const {
        return tasks == other.tasks && fault.has_value() == other.fault.has_value();
    }
};
StreamsNeeds needs_of(const StreamsTopology&, const TopicTable&);

}   // namespace sluice::kafka
