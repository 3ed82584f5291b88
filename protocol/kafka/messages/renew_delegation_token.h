// RenewDelegationToken v1–2: a token lives longer (KIP-48).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct RenewDelegationTokenRequest {
    static constexpr Api api{.key = 39, .name = "RenewDelegationToken", .min = 1, .max = 2, .flexible_from = 2};
    Bytes hmac;
    std::int64_t renew_period_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("hmac", m.hmac, since(0));
        f("renewPeriodMs", m.renew_period_ms, since(0));
    }
};

struct RenewDelegationTokenResponse {
    static constexpr Api api{.key = 39, .name = "RenewDelegationToken", .min = 1, .max = 2, .flexible_from = 2};
    ErrorCode error_code{};
    std::int64_t expiry_timestamp_ms{};
    std::int32_t throttle_time_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("errorCode", m.error_code, since(0));
        f("expiryTimestampMs", m.expiry_timestamp_ms, since(0));
        f("throttleTimeMs", m.throttle_time_ms, since(0));
    }
};

}   // namespace sluice::kafka
