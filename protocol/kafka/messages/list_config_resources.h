// ListConfigResources v0–1: what configs exist for; client-metrics subscriptions only before v1 (KIP-1142).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ListConfigResourcesRequest {
    static constexpr Api api{.key = 74, .name = "ListConfigResources", .min = 0, .max = 1, .flexible_from = 0};
    Array<std::int8_t> resource_types;
    static constexpr void fields(auto& m, auto& f) { f("resourceTypes", m.resource_types, since(1)); }
};

struct ListConfigResourcesResponse {
    static constexpr Api api{.key = 74, .name = "ListConfigResources", .min = 0, .max = 1, .flexible_from = 0};
    struct Resource {
        std::string resource_name;
        std::int8_t resource_type = 16;
        static constexpr void fields(auto& m, auto& f) {
            f("resourceName", m.resource_name, since(0));
            f("resourceType", m.resource_type, since(1));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::vector<Resource> config_resources;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("configResources", m.config_resources, since(0));
    }
};

}   // namespace sluice::kafka
