// AlterConfigs v0–2: replaces all settings of a resource. Superseded by IncrementalAlterConfigs (KIP-339),
// still sent by old tools.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AlterConfigsRequest {
    static constexpr Api api{.key = 33, .name = "AlterConfigs", .min = 0, .max = 2, .flexible_from = 2};
    struct Config {
        std::string_view name;
        std::optional<std::string_view> value = "";
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
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

struct AlterConfigsResponse {
    static constexpr Api api{.key = 33, .name = "AlterConfigs", .min = 0, .max = 2, .flexible_from = 2};
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
