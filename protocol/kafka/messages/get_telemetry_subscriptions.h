// GetTelemetrySubscriptions v0: which metrics the broker wants of a client, and how often (KIP-714).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct GetTelemetrySubscriptionsRequest {
    static constexpr Api api{.key = 71, .name = "GetTelemetrySubscriptions", .min = 0, .max = 0, .flexible_from = 0};
    Uuid client_instance_id;
    static constexpr void fields(auto& m, auto& f) { f("clientInstanceId", m.client_instance_id, since(0)); }
};

struct GetTelemetrySubscriptionsResponse {
    static constexpr Api api{.key = 71, .name = "GetTelemetrySubscriptions", .min = 0, .max = 0, .flexible_from = 0};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    Uuid client_instance_id;
    std::int32_t subscription_id{};
    std::vector<std::int8_t> accepted_compression_types;
    std::int32_t push_interval_ms{};
    std::int32_t telemetry_max_bytes{};
    bool delta_temporality{};
    std::vector<std::string> requested_metrics;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("clientInstanceId", m.client_instance_id, since(0));
        f("subscriptionId", m.subscription_id, since(0));
        f("acceptedCompressionTypes", m.accepted_compression_types, since(0));
        f("pushIntervalMs", m.push_interval_ms, since(0));
        f("telemetryMaxBytes", m.telemetry_max_bytes, since(0));
        f("deltaTemporality", m.delta_temporality, since(0));
        f("requestedMetrics", m.requested_metrics, since(0));
    }
};

}   // namespace sluice::kafka
