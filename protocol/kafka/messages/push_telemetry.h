// PushTelemetry v0: metrics of a client, in OTLP (KIP-714).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct PushTelemetryRequest {
    static constexpr Api api{.key = 72, .name = "PushTelemetry", .min = 0, .max = 0, .flexible_from = 0};
    Uuid client_instance_id;
    std::int32_t subscription_id{};
    bool terminating{};
    std::int8_t compression_type{};
    Bytes metrics;
    static constexpr void fields(auto& m, auto& f) {
        f("clientInstanceId", m.client_instance_id, since(0));
        f("subscriptionId", m.subscription_id, since(0));
        f("terminating", m.terminating, since(0));
        f("compressionType", m.compression_type, since(0));
        f("metrics", m.metrics, since(0));
    }
};

struct PushTelemetryResponse {
    static constexpr Api api{.key = 72, .name = "PushTelemetry", .min = 0, .max = 0, .flexible_from = 0};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
    }
};

}   // namespace sluice::kafka
