// IncrementalAlterConfigs v0–1: sets (0), deletes (1), appends to (2) or subtracts from (3) single settings
// (KIP-339).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct IncrementalAlterConfigsRequest {
    static constexpr Api api{.key = 44, .name = "IncrementalAlterConfigs", .min = 0, .max = 1, .flexible_from = 1};
    struct Config {
        std::string_view name;
        std::int8_t config_operation{};
        std::optional<std::string_view> value = "";
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("configOperation", m.config_operation, since(0));
            f("value", m.value, since(0).nullable(0));
        }
    };
    struct Resource {
        std::int8_t resource_type{};
        std::string_view resource_name;
        Array<Config> configs;
        static constexpr void fields(auto& m, auto& f) {
            f("resourceType", m.resource_type, since(0));
            f("resourceName", m.resource_name, since(0));
            f("configs", m.configs, since(0));
        }
    };
    Array<Resource> resources;
    bool validate_only{};
    static constexpr void fields(auto& m, auto& f) {
        f("resources", m.resources, since(0));
        f("validateOnly", m.validate_only, since(0));
    }
};

struct IncrementalAlterConfigsResponse {
    static constexpr Api api{.key = 44, .name = "IncrementalAlterConfigs", .min = 0, .max = 1, .flexible_from = 1};
    struct Response {
        ErrorCode error_code{};
        std::optional<std::string> error_message = "";
        std::int8_t resource_type{};
        std::string resource_name;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("resourceType", m.resource_type, since(0));
            f("resourceName", m.resource_name, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Response> resources;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("responses", m.resources, since(0));
    }
};

}   // namespace sluice::kafka
