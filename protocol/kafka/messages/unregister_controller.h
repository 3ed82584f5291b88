// UnregisterController v0: takes a controller that is gone out of the cluster's books.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct UnregisterControllerRequest {
    static constexpr Api api{.key = 94, .name = "UnregisterController", .min = 0, .max = 0, .flexible_from = 0};
    std::int32_t controller_id{};
    static constexpr void fields(auto& m, auto& f) { f("controllerId", m.controller_id, since(0)); }
};

struct UnregisterControllerResponse {
    static constexpr Api api{.key = 94, .name = "UnregisterController", .min = 0, .max = 0, .flexible_from = 0};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message = "";
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
