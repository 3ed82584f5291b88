// GetTelemetrySubscriptions v0: answered and not told by ApiVersions, as a broker without a receiver does, so clients stay quiet.
// Nothing is subscribed. Values as seen on Kafka 4.4.0, which also makes a client wait that asks again too soon.
#include "emulator/kafka/serve.h"
#include "emulator/kafka/telemetry.h"
#include "protocol/kafka/messages/get_telemetry_subscriptions.h"

namespace sluice::kafka {

Task<GetTelemetrySubscriptionsResponse> handle(Call& call, const GetTelemetrySubscriptionsRequest& request) {
    GetTelemetrySubscriptionsResponse response;
    response.client_instance_id =
        request.client_instance_id.is_zero() ? to_wire_id(call.engine.random().uuid()) : request.client_instance_id;
    response.subscription_id = no_subscription;
    response.accepted_compression_types = {4, 3, 1, 2};   // zstd, lz4, gzip, snappy
    response.push_interval_ms = 300'000;
    response.telemetry_max_bytes = static_cast<std::int32_t>(call.broker.configs.number("telemetry.max.bytes"));
    response.delta_temporality = true;
    co_return response;
}

template Task<void> serve<GetTelemetrySubscriptionsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
