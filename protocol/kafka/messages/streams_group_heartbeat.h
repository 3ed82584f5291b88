// StreamsGroupHeartbeat v0-1: a member of a Kafka Streams group joins with its topology, stays, says which tasks it has, and
// learns which it is to have (KIP-1071). Epochs as in ConsumerGroupHeartbeat.
#pragma once

#include <optional>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct StreamsGroupHeartbeatRequest {
    static constexpr Api api{.key = 88, .name = "StreamsGroupHeartbeat", .min = 0, .max = 1, .flexible_from = 0};
    struct KeyValue {
        std::string_view key;
        std::string_view value;
        static constexpr void fields(auto& m, auto& f) {
            f("key", m.key, since(0));
            f("value", m.value, since(0));
        }
    };
    struct TopicInfo {
        std::string_view name;
        std::int32_t partitions{};
        std::int16_t replication_factor{};
        Array<KeyValue> topic_configs;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
            f("replicationFactor", m.replication_factor, since(0));
            f("topicConfigs", m.topic_configs, since(0));
        }
    };
    struct CopartitionGroup {
        Array<std::int16_t> source_topics;
        Array<std::int16_t> source_topic_regex;
        Array<std::int16_t> repartition_source_topics;
        static constexpr void fields(auto& m, auto& f) {
            f("sourceTopics", m.source_topics, since(0));
            f("sourceTopicRegex", m.source_topic_regex, since(0));
            f("repartitionSourceTopics", m.repartition_source_topics, since(0));
        }
    };
    struct Subtopology {
        std::string_view subtopology_id;
        Array<std::string_view> source_topics;
        Array<std::string_view> source_topic_regex;
        Array<TopicInfo> state_changelog_topics;
        Array<std::string_view> repartition_sink_topics;
        Array<TopicInfo> repartition_source_topics;
        Array<CopartitionGroup> copartition_groups;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologyId", m.subtopology_id, since(0));
            f("sourceTopics", m.source_topics, since(0));
            f("sourceTopicRegex", m.source_topic_regex, since(0));
            f("stateChangelogTopics", m.state_changelog_topics, since(0));
            f("repartitionSinkTopics", m.repartition_sink_topics, since(0));
            f("repartitionSourceTopics", m.repartition_source_topics, since(0));
            f("copartitionGroups", m.copartition_groups, since(0));
        }
    };
    struct Topology {
        std::int32_t epoch{};
        Array<Subtopology> subtopologies;
        static constexpr void fields(auto& m, auto& f) {
            f("epoch", m.epoch, since(0));
            f("subtopologies", m.subtopologies, since(0));
        }
    };
    struct TaskIds {
        std::string_view subtopology_id;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologyId", m.subtopology_id, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    struct Endpoint {
        std::string_view host;
        std::uint16_t port{};
        static constexpr void fields(auto& m, auto& f) {
            f("host", m.host, since(0));
            f("port", m.port, since(0));
        }
    };
    struct TaskOffset {
        std::string_view subtopology_id;
        std::int32_t partition{};
        std::int64_t offset{};
        static constexpr void fields(auto& m, auto& f) {
            f("subtopologyId", m.subtopology_id, since(0));
            f("partition", m.partition, since(0));
            f("offset", m.offset, since(0));
        }
    };
    std::string_view group_id;
    std::string_view member_id;
    std::int32_t member_epoch{};
    std::int32_t endpoint_information_epoch{};
    std::optional<std::string_view> instance_id;
    std::optional<std::string_view> rack_id;
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<Topology> topology;
    std::optional<Array<TaskIds>> active_tasks;
    std::optional<Array<TaskIds>> standby_tasks;
    std::optional<Array<TaskIds>> warmup_tasks;
    std::optional<std::string_view> process_id;
    std::optional<Endpoint> user_endpoint;
    std::optional<Array<KeyValue>> client_tags;
    std::optional<Array<TaskOffset>> task_offsets;
    std::optional<Array<TaskOffset>> task_end_offsets;
    bool shutdown_application{};
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("memberId", m.member_id, since(0));
        f("memberEpoch", m.member_epoch, since(0));
        f("endpointInformationEpoch", m.endpoint_information_epoch, since(0));
        f("instanceId", m.instance_id, since(0).nullable(0));
        f("rackId", m.rack_id, since(0).nullable(0));
        f("rebalanceTimeoutMs", m.rebalance_timeout_ms, since(0));
        f("topology", m.topology, since(0).nullable(0));
        f("activeTasks", m.active_tasks, since(0).nullable(0));
        f("standbyTasks", m.standby_tasks, since(0).nullable(0));
        f("warmupTasks", m.warmup_tasks, since(0).nullable(0));
        f("processId", m.process_id, since(0).nullable(0));
        f("userEndpoint", m.user_endpoint, since(0).nullable(0));
        f("clientTags", m.client_tags, since(0).nullable(0));
        f("taskOffsets", m.task_offsets, since(0).nullable(0));
        f("taskEndOffsets", m.task_end_offsets, since(0).nullable(0));
        f("shutdownApplication", m.shutdown_application, since(0));
    }
};

struct StreamsGroupHeartbeatResponse {
    static constexpr Api api{.key = 88, .name = "StreamsGroupHeartbeat", .min = 0, .max = 1, .flexible_from = 0};
    struct Status {
        std::int8_t status_code{};
        std::string status_detail;
        static constexpr void fields(auto& m, auto& f) {
            f("statusCode", m.status_code, since(0));
            f("statusDetail", m.status_detail, since(0));
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
    struct Endpoint {
        std::string host;
        std::uint16_t port{};
        static constexpr void fields(auto& m, auto& f) {
            f("host", m.host, since(0));
            f("port", m.port, since(0));
        }
    };
    struct TopicPartition {
        std::string topic;
        std::vector<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    struct EndpointPartitions {
        Endpoint user_endpoint;
        std::vector<TopicPartition> active_partitions;
        std::vector<TopicPartition> standby_partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("userEndpoint", m.user_endpoint, since(0));
            f("activePartitions", m.active_partitions, since(0));
            f("standbyPartitions", m.standby_partitions, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    std::string member_id;
    std::int32_t member_epoch{};
    std::int32_t heartbeat_interval_ms{};
    std::int32_t acceptable_recovery_lag_legacy{};
    std::int32_t task_offset_interval_ms{};
    std::int64_t acceptable_recovery_lag = -1;
    std::optional<std::vector<Status>> status = std::vector<Status>{};
    std::optional<std::vector<TaskIds>> active_tasks;
    std::optional<std::vector<TaskIds>> standby_tasks;
    std::optional<std::vector<TaskIds>> warmup_tasks;
    bool topology_description_required{};
    std::int32_t endpoint_information_epoch{};
    std::optional<std::vector<EndpointPartitions>> partitions_by_user_endpoint;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("memberId", m.member_id, since(0));
        f("memberEpoch", m.member_epoch, since(0));
        f("heartbeatIntervalMs", m.heartbeat_interval_ms, since(0));
        f("acceptableRecoveryLagLegacy", m.acceptable_recovery_lag_legacy, since(0).until(0));
        f("taskOffsetIntervalMs", m.task_offset_interval_ms, since(0));
        f("acceptableRecoveryLag", m.acceptable_recovery_lag, since(1));
        f("status", m.status, since(0).nullable(0));
        f("activeTasks", m.active_tasks, since(0).nullable(0));
        f("standbyTasks", m.standby_tasks, since(0).nullable(0));
        f("warmupTasks", m.warmup_tasks, since(0).nullable(0));
        f("topologyDescriptionRequired", m.topology_description_required, since(1));
        f("endpointInformationEpoch", m.endpoint_information_epoch, since(0));
        f("partitionsByUserEndpoint", m.partitions_by_user_endpoint, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
