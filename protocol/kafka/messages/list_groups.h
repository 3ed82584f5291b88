// ListGroups v0–5: all groups, filtered by state since v4 (KIP-518) and by type since v5 (KIP-848).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ListGroupsRequest {
    static constexpr Api api{.key = 16, .name = "ListGroups", .min = 0, .max = 5, .flexible_from = 3};
    Array<std::string_view> states_filter;
    Array<std::string_view> types_filter;
    static constexpr void fields(auto& m, auto& f) {
        f("statesFilter", m.states_filter, since(4));
        f("typesFilter", m.types_filter, since(5));
    }
};

struct ListGroupsResponse {
    static constexpr Api api{.key = 16, .name = "ListGroups", .min = 0, .max = 5, .flexible_from = 3};
    struct Group {
        std::string group_id;
        std::string protocol_type;
        std::string group_state;
        std::string group_type;
        static constexpr void fields(auto& m, auto& f) {
            f("groupId", m.group_id, since(0));
            f("protocolType", m.protocol_type, since(0));
            f("groupState", m.group_state, since(4));
            f("groupType", m.group_type, since(5));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::vector<Group> groups;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("errorCode", m.error_code, since(0));
        f("groups", m.groups, since(0));
    }
};

}   // namespace sluice::kafka
