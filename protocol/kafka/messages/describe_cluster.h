// DescribeCluster v0–2: cluster id, controller and brokers (KIP-700); endpoint type since v1 (KIP-919).
#pragma once

#include <limits>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeClusterRequest {
    static constexpr Api api{.key = 60, .name = "DescribeCluster", .min = 0, .max = 2, .flexible_from = 0};
    bool include_cluster_authorized_operations{};
    std::int8_t endpoint_type = 1;
    bool include_fenced_brokers{};
    static constexpr void fields(auto& m, auto& f) {
        f("includeClusterAuthorizedOperations", m.include_cluster_authorized_operations, since(0));
        f("endpointType", m.endpoint_type, since(1));
        f("includeFencedBrokers", m.include_fenced_brokers, since(2));
    }
};

struct DescribeClusterResponse {
    static constexpr Api api{.key = 60, .name = "DescribeCluster", .min = 0, .max = 2, .flexible_from = 0};
    struct Broker {
        std::int32_t broker_id{};
        std::string host;
        std::int32_t port{};
        std::optional<std::string> rack;
        bool is_fenced{};
        static constexpr void fields(auto& m, auto& f) {
            f("brokerId", m.broker_id, since(0));
            f("host", m.host, since(0));
            f("port", m.port, since(0));
            f("rack", m.rack, since(0).nullable(0));
            f("isFenced", m.is_fenced, since(2));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    std::int8_t endpoint_type = 1;
    std::string cluster_id;
    std::int32_t controller_id = -1;
    std::vector<Broker> brokers;
    std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("endpointType", m.endpoint_type, since(1));
        f("clusterId", m.cluster_id, since(0));
        f("controllerId", m.controller_id, since(0));
        f("brokers", m.brokers, since(0));
        f("clusterAuthorizedOperations", m.cluster_authorized_operations, since(0));
    }
};

}   // namespace sluice::kafka
