// DeleteGroups v0-3: empty groups go, with their offsets; answered when that is stored. Kafka 4.4.0 was seen to answer a group
// that is named twice once, and to tell no text but that of a refused right.
#include <set>

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_groups.h"
#include "protocol/kafka/messages/delete_groups.h"

namespace sluice::kafka {

Task<DeleteGroupsResponse> handle(Call& call, const DeleteGroupsRequest& request) {
    auto& groups = call.broker.groups(call.world);
    DeleteGroupsResponse response;
    std::vector<streams::Ticket> tickets;
    const std::set<std::string_view> names{request.groups_names.begin(), request.groups_names.end()};
    for (const auto id : names) {
        auto& told = response.results.emplace_back();
        told.group_id = id;
        told.error_code = refusal(call, ResourceType::group, id);
        if (told.error_code != ErrorCode::none) {
            told.error_message = std::string(text_of(told.error_code));
            tickets.emplace_back();
            continue;
        }
        if (auto& share = call.broker.share_groups(call.world); share.find(id)) {
            auto removed = share.remove(id);
            told.error_code = removed.code;
            tickets.push_back(std::move(removed.ticket));
            continue;
        }
        auto removed = groups.remove(id);
        told.error_code = removed.code;
        tickets.push_back(std::move(removed.ticket));
    }
    for (std::size_t i = 0; i < tickets.size(); ++i) {
        auto& told = response.results[i];
        if (const auto stored = co_await tickets[i].committed(); !stored) told.error_code = code_of(stored.error());
    }
    co_return response;
}

template Task<void> serve<DeleteGroupsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
