// SaslHandshake v0–1: the client names its mechanism. Tokens follow as raw frames (v0) or in SaslAuthenticate (v1).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct SaslHandshakeRequest {
    static constexpr Api api{.key = 17, .name = "SaslHandshake", .min = 0, .max = 1};
    std::string_view mechanism;
    static constexpr void fields(auto& m, auto& f) { f("mechanism", m.mechanism, since(0)); }
};

struct SaslHandshakeResponse {
    static constexpr Api api{.key = 17, .name = "SaslHandshake", .min = 0, .max = 1};
    ErrorCode error_code{};
    std::vector<std::string> mechanisms;
    static constexpr void fields(auto& m, auto& f) {
        f("errorCode", m.error_code, since(0));
        f("mechanisms", m.mechanisms, since(0));
    }
};

}   // namespace sluice::kafka
