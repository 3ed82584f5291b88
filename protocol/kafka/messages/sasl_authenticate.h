// SaslAuthenticate v0–2: one step of an exchange (KIP-152); v1 tells how long the session lives (KIP-368).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct SaslAuthenticateRequest {
    static constexpr Api api{.key = 36, .name = "SaslAuthenticate", .min = 0, .max = 2, .flexible_from = 2};
    Bytes auth_bytes;
    static constexpr void fields(auto& m, auto& f) { f("authBytes", m.auth_bytes, since(0)); }
};

struct SaslAuthenticateResponse {
    static constexpr Api api{.key = 36, .name = "SaslAuthenticate", .min = 0, .max = 2, .flexible_from = 2};
    ErrorCode error_code{};
    std::optional<std::string> error_message = std::string{};
    Blob auth_bytes;
    std::int64_t session_lifetime_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("authBytes", m.auth_bytes, since(0));
        f("sessionLifetimeMs", m.session_lifetime_ms, since(1));
    }
};

}   // namespace sluice::kafka
