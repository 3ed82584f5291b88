// CreateAcls v1–3: one result for each, in their order (KIP-140).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct CreateAclsRequest {
    static constexpr Api api{.key = 30, .name = "CreateAcls", .min = 1, .max = 3, .flexible_from = 2};
    struct Creation {
        std::int8_t resource_type{};
        std::string_view resource_name;
        std::int8_t resource_pattern_type = 3;
        std::string_view principal;
        std::string_view host;
        std::int8_t operation{};
        std::int8_t permission_type{};
        static constexpr void fields(auto& m, auto& f) {
            f("resourceType", m.resource_type, since(0));
            f("resourceName", m.resource_name, since(0));
            f("resourcePatternType", m.resource_pattern_type, since(1));
            f("principal", m.principal, since(0));
            f("host", m.host, since(0));
            f("operation", m.operation, since(0));
            f("permissionType", m.permission_type, since(0));
        }
    };
    Array<Creation> creations;
    static constexpr void fields(auto& m, auto& f) { f("creations", m.creations, since(0)); }
};

struct CreateAclsResponse {
    static constexpr Api api{.key = 30, .name = "CreateAcls", .min = 1, .max = 3, .flexible_from = 2};
    struct Result {
        ErrorCode error_code{};
        std::optional<std::string> error_message = std::string{};
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Result> results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("results", m.results, since(0));
    }
};

}   // namespace sluice::kafka
