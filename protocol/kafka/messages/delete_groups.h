// DeleteGroups v0–3: empty groups go, with their offsets (KIP-229).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DeleteGroupsRequest {
    static constexpr Api api{.key = 42, .name = "DeleteGroups", .min = 0, .max = 3, .flexible_from = 2};
    Array<std::string_view> groups_names;
    static constexpr void fields(auto& m, auto& f) { f("groupsNames", m.groups_names, since(0)); }
};

struct DeleteGroupsResponse {
    static constexpr Api api{.key = 42, .name = "DeleteGroups", .min = 0, .max = 3, .flexible_from = 2};
    struct Result {
        std::string group_id;
        ErrorCode error_code{};
        std::optional<std::string> error_message;
        static constexpr void fields(auto& m, auto& f) {
            f("groupId", m.group_id, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(3).nullable(3));
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
