// What of Kafka Streams groups (KIP-1071) is in the store: a group's epochs with its topology, and each member as a value of its
// own.
// Keys: "kafka/streams/" id; "kafka/streamer/" length of the group's id (4, big endian), id, member id.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/kafka/groups/stored_consumers.h"

namespace sluice::kafka {

// What a Streams application reads, keeps and passes on, as its members tell it when they join.
struct StreamsTopology {
    struct Config {
        std::string key, value;
        bool operator==(const Config&) const = default;
        static constexpr void fields(auto& m, auto& f) {
            f("key", m.key, since(0));
            f("value", m.value, since(0));
        }
    };
    struct InternalTopic {
        std::string name;
        std::int32_t partitions{};   // 0: as many as what it comes from
        std::vector<Config> configs{};
        bool operator==(const InternalTopic&) const = default;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
            f("configs", m.configs, since(0));
        }
    };
    struct Copartitioned {   // places in the lists of the subtopology
        std::vector<std::int16_t> sources{}, repartition_sources{};
        bool operator==(const Copartitioned&) const = default;
        static constexpr void fields(auto& m, auto& f) {
            f("sources", m.sources, since(0));
            f("repartitionSources", m.repartition_sources, since(0));
        }
    };
    struct Subtopology {
        std::string id;
        std::vector<std::string> sources{}, sinks{};   // sinks: repartition topics of other subtopologies
        std::vector<InternalTopic> changelogs{}, repartition_sources{};
        std::vector<Copartitioned> copartitioned{};
        bool operator==(const Subtopology&) const = default;
        static constexpr void fields(auto& m, auto& f) {
            f("id", m.id, since(0));
            f("sources", m.sources, since(0));
            f("sinks", m.sinks, since(0));
            f("changelogs", m.changelogs, since(0));
            f("repartitionSources", m.repartition_sources, since(0));
            f("copartitioned", m.copartitioned, since(0));
        }
    };
    std::int32_t epoch{};
    std::vector<Subtopology> subtopologies;
    bool operator==(const StreamsTopology&) const = default;
    static constexpr void fields(auto& m, auto& f) {
        f("epoch", m.epoch, since(0));
        f("subtopologies", m.subtopologies, since(0));
    }
};

struct StoredStreamsGroup {
    static constexpr Api api{.key = -1, .name = "StoredStreamsGroup", .min = 0, .max = 0, .flexible_from = 0};
    std::int32_t epoch{}, assignment_epoch{};
    std::int64_t empty_since_ms = 0;   // virtual time
    StreamsTopology topology;
    static constexpr void fields(auto& m, auto& f) {
        f("epoch", m.epoch, since(0));
        f("assignmentEpoch", m.assignment_epoch, since(0));
        f("emptySinceMs", m.empty_since_ms, since(0));
        f("topology", m.topology, since(0));
    }
};

struct StoredStreamsMember {
    static constexpr Api api{.key = -1, .name = "StoredStreamsMember", .min = 0, .max = 1, .flexible_from = 0};
    struct Tasks {
        std::string subtopology;
        std::int8_t role{};   // 0 active, 1 standby
        std::vector<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopology", m.subtopology, since(0));
            f("role", m.role, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::string id;
    std::optional<std::string> rack;
    std::string client_id, client_host, process_id, host;
    std::int32_t port{};   // 0: no endpoint
    std::int32_t epoch{}, previous_epoch{}, rebalance_timeout_ms{}, topology_epoch{};
    std::vector<StreamsTopology::Config> tags;
    std::int8_t place{};
    std::vector<Tasks> assigned, revoking, target;
    std::optional<std::string> instance;
    static constexpr void fields(auto& m, auto& f) {
        f("id", m.id, since(0));
        f("rack", m.rack, since(0).nullable(0));
        f("clientId", m.client_id, since(0));
        f("clientHost", m.client_host, since(0));
        f("processId", m.process_id, since(0));
        f("host", m.host, since(0));
        f("port", m.port, since(0));
        f("epoch", m.epoch, since(0));
        f("previousEpoch", m.previous_epoch, since(0));
        f("rebalanceTimeoutMs", m.rebalance_timeout_ms, since(0));
        f("topologyEpoch", m.topology_epoch, since(0));
        f("tags", m.tags, since(0));
        f("place", m.place, since(0));
        f("assigned", m.assigned, since(0));
        f("revoking", m.revoking, since(0));
        f("target", m.target, since(0));
        f("instance", m.instance, since(1).nullable(1));
    }
};

inline constexpr std::string_view streams_prefix = "kafka/streams/", streamer_prefix = "kafka/streamer/";
inline std::string streams_group_key(std::string_view group) { return std::string(streams_prefix).append(group); }

}   // namespace sluice::kafka
