// StreamsGroupTopologyDescriptionUpdate v0: a member of a Kafka Streams group describes its topology for people to read.
#pragma once

#include <optional>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct StreamsGroupTopologyDescriptionUpdateRequest {
    static constexpr Api api{.key = 93, .name = "StreamsGroupTopologyDescriptionUpdate", .min = 0, .max = 0, .flexible_from = 0};
    struct DescribedNode {
        std::string_view name;
        std::int8_t node_type{};
        Array<std::string_view> source_topics;
        std::optional<std::string_view> sink_topic;
        Array<std::string_view> stores;
        Array<std::string_view> successors;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("nodeType", m.node_type, since(0));
            f("sourceTopics", m.source_topics, since(0));
            f("sinkTopic", m.sink_topic, since(0).nullable(0));
            f("stores", m.stores, since(0));
            f("successors", m.successors, since(0));
        }
    };
    struct DescribedSubtopology {
        std::string_view subtopology_id;
        Array<DescribedNode> nodes;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologyId", m.subtopology_id, since(0));
            f("nodes", m.nodes, since(0));
        }
    };
    struct DescribedGlobalStore {
        DescribedNode source;
        DescribedNode processor;
        static constexpr void fields(auto& m, auto& f) {
            f("source", m.source, since(0));
            f("processor", m.processor, since(0));
        }
    };
    struct TopologyDescription {
        Array<DescribedSubtopology> subtopologies;
        Array<DescribedGlobalStore> global_stores;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologies", m.subtopologies, since(0));
            f("globalStores", m.global_stores, since(0));
        }
    };
    std::string_view group_id;
    std::string_view member_id;
    std::int32_t topology_epoch{};
    TopologyDescription topology_description;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("memberId", m.member_id, since(0));
        f("topologyEpoch", m.topology_epoch, since(0));
        f("topologyDescription", m.topology_description, since(0));
    }
};

struct StreamsGroupTopologyDescriptionUpdateResponse {
    static constexpr Api api{.key = 93, .name = "StreamsGroupTopologyDescriptionUpdate", .min = 0, .max = 0, .flexible_from = 0};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
