// StreamsGroupDescribe v0-1: topology, members and tasks of Kafka Streams groups (KIP-1071). v1 adds the description of the
// topology that a member sent, and the assignor.
#pragma once

#include <limits>
#include <optional>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct StreamsGroupDescribeRequest {
    static constexpr Api api{.key = 89, .name = "StreamsGroupDescribe", .min = 0, .max = 1, .flexible_from = 0};
    Array<std::string_view> group_ids;
    bool include_authorized_operations{};
    bool include_topology_description{};
    static constexpr void fields(auto& m, auto& f) {
        f("groupIds", m.group_ids, since(0));
        f("includeAuthorizedOperations", m.include_authorized_operations, since(0));
        f("includeTopologyDescription", m.include_topology_description, since(1));
    }
};

struct StreamsGroupDescribeResponse {
    static constexpr Api api{.key = 89, .name = "StreamsGroupDescribe", .min = 0, .max = 1, .flexible_from = 0};
    struct KeyValue {
        std::string key;
        std::string value;
        static constexpr void fields(auto& m, auto& f) {
            f("key", m.key, since(0));
            f("value", m.value, since(0));
        }
    };
    struct TopicInfo {
        std::string name;
        std::int32_t partitions{};
        std::int16_t replication_factor{};
        std::vector<KeyValue> topic_configs;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
            f("replicationFactor", m.replication_factor, since(0));
            f("topicConfigs", m.topic_configs, since(0));
        }
    };
    struct Subtopology {
        std::string subtopology_id;
        std::vector<std::string> source_topics;
        std::vector<std::string> repartition_sink_topics;
        std::vector<TopicInfo> state_changelog_topics;
        std::vector<TopicInfo> repartition_source_topics;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologyId", m.subtopology_id, since(0));
            f("sourceTopics", m.source_topics, since(0));
            f("repartitionSinkTopics", m.repartition_sink_topics, since(0));
            f("stateChangelogTopics", m.state_changelog_topics, since(0));
            f("repartitionSourceTopics", m.repartition_source_topics, since(0));
        }
    };
    struct Topology {
        std::int32_t epoch{};
        std::optional<std::vector<Subtopology>> subtopologies;
        static constexpr void fields(auto& m, auto& f) {
            f("epoch", m.epoch, since(0));
            f("subtopologies", m.subtopologies, since(0).nullable(0));
        }
    };
    struct Endpoint {
        std::string host;
        std::uint16_t port{};
        static constexpr void fields(auto& m, auto& f) {
            f("host", m.host, since(0));
            f("port", m.port, since(0));
        }
    };
    struct TaskOffset {
        std::string subtopology_id;
        std::int32_t partition{};
        std::int64_t offset{};
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologyId", m.subtopology_id, since(0));
            f("partition", m.partition, since(0));
            f("offset", m.offset, since(0));
        }
    };
    struct TaskIds {
        std::string subtopology_id;
        std::vector<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologyId", m.subtopology_id, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    struct Assignment {
        std::vector<TaskIds> active_tasks;
        std::vector<TaskIds> standby_tasks;
        std::vector<TaskIds> warmup_tasks;
        static constexpr void fields(auto& m, auto& f) {
            f("activeTasks", m.active_tasks, since(0));
            f("standbyTasks", m.standby_tasks, since(0));
            f("warmupTasks", m.warmup_tasks, since(0));
        }
    };
    struct Member {
        std::string member_id;
        std::int32_t member_epoch{};
        std::optional<std::string> instance_id;
        std::optional<std::string> rack_id;
        std::string client_id;
        std::string client_host;
        std::int32_t topology_epoch{};
        std::string process_id;
        std::optional<Endpoint> user_endpoint;
        std::vector<KeyValue> client_tags;
        std::vector<TaskOffset> task_offsets;
        std::vector<TaskOffset> task_end_offsets;
        Assignment assignment;
        Assignment target_assignment;
        bool is_classic{};
        static constexpr void fields(auto& m, auto& f) {
            f("memberId", m.member_id, since(0));
            f("memberEpoch", m.member_epoch, since(0));
            f("instanceId", m.instance_id, since(0).nullable(0));
            f("rackId", m.rack_id, since(0).nullable(0));
            f("clientId", m.client_id, since(0));
            f("clientHost", m.client_host, since(0));
            f("topologyEpoch", m.topology_epoch, since(0));
            f("processId", m.process_id, since(0));
            f("userEndpoint", m.user_endpoint, since(0).nullable(0));
            f("clientTags", m.client_tags, since(0));
            f("taskOffsets", m.task_offsets, since(0));
            f("taskEndOffsets", m.task_end_offsets, since(0));
            f("assignment", m.assignment, since(0));
            f("targetAssignment", m.target_assignment, since(0));
            f("isClassic", m.is_classic, since(0));
        }
    };
    struct DescribedNode {
        std::string name;
        std::int8_t node_type{};
        std::vector<std::string> source_topics;
        std::optional<std::string> sink_topic;
        std::vector<std::string> stores;
        std::vector<std::string> successors;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(1));
            f("nodeType", m.node_type, since(1));
            f("sourceTopics", m.source_topics, since(1));
            f("sinkTopic", m.sink_topic, since(1).nullable(1));
            f("stores", m.stores, since(1));
            f("successors", m.successors, since(1));
        }
    };
    struct DescribedSubtopology {
        std::string subtopology_id;
        std::vector<DescribedNode> nodes;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologyId", m.subtopology_id, since(1));
            f("nodes", m.nodes, since(1));
        }
    };
    struct DescribedGlobalStore {
        DescribedNode source;
        DescribedNode processor;
        static constexpr void fields(auto& m, auto& f) {
            f("source", m.source, since(1));
            f("processor", m.processor, since(1));
        }
    };
    struct TopologyDescription {
        std::vector<DescribedSubtopology> subtopologies;
        std::vector<DescribedGlobalStore> global_stores;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologies", m.subtopologies, since(1));
            f("globalStores", m.global_stores, since(1));
        }
    };
    struct Group {
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::int32_t group_epoch{};
        std::int32_t assignment_epoch{};
        std::optional<Topology> topology;
        std::vector<Member> members;
        std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();
        std::optional<TopologyDescription> topology_description;
        std::int8_t topology_description_status{};
        std::optional<std::string> assignor_name;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("groupId", m.group_id, since(0));
            f("groupState", m.group_state, since(0));
            f("groupEpoch", m.group_epoch, since(0));
            f("assignmentEpoch", m.assignment_epoch, since(0));
            f("topology", m.topology, since(0).nullable(0));
            f("members", m.members, since(0));
            f("authorizedOperations", m.authorized_operations, since(0));
            f("topologyDescription", m.topology_description, since(1).nullable(1));
            f("topologyDescriptionStatus", m.topology_description_status, since(1));
            f("assignorName", m.assignor_name, since(1).nullable(1));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Group> groups;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("groups", m.groups, since(0));
    }
};

}   // namespace sluice::kafka
