// ListGroups v0-5: all groups, filtered by state and type (in any case of letters). Share groups too.
#include <algorithm>
#include <cctype>

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_groups.h"
#include "protocol/kafka/messages/list_groups.h"

namespace sluice::kafka {

namespace {

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, {}, [](char c) { return std::tolower(static_cast<unsigned char>(c)); },
        [](char c) { return std::tolower(static_cast<unsigned char>(c)); });
}
bool passes(const Array<std::string_view>& filter, std::string_view word) {
    return filter.empty() || std::ranges::any_of(filter, [&](std::string_view f) { return same_word(f, word); });
}

}   // namespace

Task<ListGroupsResponse> handle(Call& call, const ListGroupsRequest& request) {
    ListGroupsResponse response;
    const bool all = refusal(call, ResourceType::cluster) == ErrorCode::none;
    const auto visit = [&](const Group& group) {
        if (!all && refusal(call, ResourceType::group, group.id) != ErrorCode::none) return;
        const auto state = group.state_name(), type = name_of(group.type());
        if (!passes(request.states_filter, state) || !passes(request.types_filter, type)) return;
        response.groups.push_back({.group_id = group.id,
                                   .protocol_type = std::string(group.protocol_type()),
                                   .group_state = std::string(state),
                                   .group_type = std::string(type)});
    };
    call.broker.groups(call.world).each(visit);
    call.broker.share_groups(call.world).each([&](const ShareGroup& group) {
        if (!all && refusal(call, ResourceType::group, group.id) != ErrorCode::none) return;
        if (!passes(request.states_filter, group.state()) || !passes(request.types_filter, "share")) return;
        response.groups.push_back(
            {.group_id = group.id, .protocol_type = "share", .group_state = std::string(group.state()), .group_type = "share"});
    });
    co_return response;
}

template Task<void> serve<ListGroupsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
