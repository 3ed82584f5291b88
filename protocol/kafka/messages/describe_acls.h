// DescribeAcls v1–3: those that pass a filter (KIP-140); patterns of names since v1 (KIP-290).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeAclsRequest {
    static constexpr Api api{.key = 29, .name = "DescribeAcls", .min = 1, .max = 3, .flexible_from = 2};
    std::int8_t resource_type_filter{};
    std::optional<std::string_view> resource_name_filter = std::string_view{};
    std::int8_t pattern_type_filter = 3;
    std::optional<std::string_view> principal_filter = std::string_view{};
    std::optional<std::string_view> host_filter = std::string_view{};
    std::int8_t operation{};
    std::int8_t permission_type{};
    static constexpr void fields(auto& m, auto& f) {
        f("resourceTypeFilter", m.resource_type_filter, since(0));
        f("resourceNameFilter", m.resource_name_filter, since(0).nullable(0));
        f("patternTypeFilter", m.pattern_type_filter, since(1));
        f("principalFilter", m.principal_filter, since(0).nullable(0));
        f("hostFilter", m.host_filter, since(0).nullable(0));
        f("operation", m.operation, since(0));
        f("permissionType", m.permission_type, since(0));
    }
};

struct DescribeAclsResponse {
    static constexpr Api api{.key = 29, .name = "DescribeAcls", .min = 1, .max = 3, .flexible_from = 2};
    struct Resource {
        struct Acl {
            std::string principal;
            std::string host;
            std::int8_t operation{};
            std::int8_t permission_type{};
            static constexpr void fields(auto& m, auto& f) {
                f("principal", m.principal, since(0));
                f("host", m.host, since(0));
                f("operation", m.operation, since(0));
                f("permissionType", m.permission_type, since(0));
            }
        };
        std::int8_t resource_type{};
        std::string resource_name;
        std::int8_t pattern_type = 3;
        std::vector<Acl> acls;
        static constexpr void fields(auto& m, auto& f) {
            f("resourceType", m.resource_type, since(0));
            f("resourceName", m.resource_name, since(0));
            f("patternType", m.pattern_type, since(1));
            f("acls", m.acls, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message = std::string{};
    std::vector<Resource> resources;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("resources", m.resources, since(0));
    }
};

}   // namespace sluice::kafka
