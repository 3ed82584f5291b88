// Telemetry of clients (KIP-714), as a broker answers that wants none.
#pragma once

#include <cstdint>

namespace sluice::kafka {

// What GetTelemetrySubscriptions tells and PushTelemetry expects: it stands for the empty set of subscriptions.
inline constexpr std::int32_t no_subscription = 1;

}   // namespace sluice::kafka
