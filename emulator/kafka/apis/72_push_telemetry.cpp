// PushTelemetry v0: checked and dropped, since nothing is subscribed. Codes as seen on Kafka 4.4.0, which also refuses who pushes
// too often; nobody is remembered here.
#include "emulator/kafka/serve.h"
#include "emulator/kafka/telemetry.h"
#include "protocol/kafka/messages/push_telemetry.h"

namespace sluice::kafka {

Task<PushTelemetryResponse> handle(Call& call, const PushTelemetryRequest& request) {
    constexpr std::int8_t zstd = 4;
    PushTelemetryResponse response;
    if (request.client_instance_id.is_zero())
        response.error_code = ErrorCode::invalid_request;
    else if (request.subscription_id != no_subscription)
        response.error_code = ErrorCode::unknown_subscription_id;
    else if (request.compression_type < 0 || request.compression_type > zstd)
        response.error_code = ErrorCode::unsupported_compression_type;
    else if (static_cast<std::int64_t>(request.metrics.size()) > call.broker.configs.number("telemetry.max.bytes"))
        response.error_code = ErrorCode::telemetry_too_large;
    co_return response;
}

template Task<void> serve<PushTelemetryRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
