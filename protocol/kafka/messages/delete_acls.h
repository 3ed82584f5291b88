// DeleteAcls v1–3: each filter is answered with what it removed (KIP-140).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DeleteAclsRequest {
    static constexpr Api api{.key = 31, .name = "DeleteAcls", .min = 1, .max = 3, .flexible_from = 2};
    struct Filter {
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
    Array<Filter> filters;
    static constexpr void fields(auto& m, auto& f) { f("filters", m.filters, since(0)); }
};

struct DeleteAclsResponse {
    static constexpr Api api{.key = 31, .name = "DeleteAcls", .min = 1, .max = 3, .flexible_from = 2};
    struct FilterResult {
        struct MatchingAcl {
            ErrorCode error_code{};
            std::optional<std::string> error_message = std::string{};
            std::int8_t resource_type{};
            std::string resource_name;
            std::int8_t pattern_type = 3;
            std::string principal;
            std::string host;
            std::int8_t operation{};
            std::int8_t permission_type{};
            static constexpr void fields(auto& m, auto& f) {
                f("errorCode", m.error_code, since(0));
                f("errorMessage", m.error_message, since(0).nullable(0));
                f("resourceType", m.resource_type, since(0));
                f("resourceName", m.resource_name, since(0));
                f("patternType", m.pattern_type, since(1));
                f("principal", m.principal, since(0));
                f("host", m.host, since(0));
                f("operation", m.operation, since(0));
                f("permissionType", m.permission_type, since(0));
            }
        };
        ErrorCode error_code{};
        std::optional<std::string> error_message = std::string{};
        std::vector<MatchingAcl> matching_acls;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("matchingAcls", m.matching_acls, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<FilterResult> filter_results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("filterResults", m.filter_results, since(0));
    }
};

}   // namespace sluice::kafka
