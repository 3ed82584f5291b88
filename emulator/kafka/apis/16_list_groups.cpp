// ListGroups v0-5: all groups, filtered by state (in any case of letters) and type. All are classic here.
#include <algorithm>
#include <cctype>

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/serve.h"
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
    const auto visit = [&](const Group& group) {
        const auto state = name_of(group.members.state());
        if (!passes(request.states_filter, state) || !passes(request.types_filter, "classic")) return;
        response.groups.push_back({.group_id = group.id,
                                   .protocol_type = group.members.protocol_type(),
                                   .group_state = std::string(state),
                                   .group_type = "classic"});
    };
    call.broker.groups(call.world).each(visit);
    co_return response;
}

template Task<void> serve<ListGroupsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
