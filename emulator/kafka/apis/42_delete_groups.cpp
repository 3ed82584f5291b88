// DeleteGroups v0-3: empty groups go, with their offsets; answered when that is stored.
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
    for (const auto id : request.groups_names) {
        auto& told = response.results.emplace_back();
        told.group_id = id;
        told.error_code = refusal(call, ResourceType::group, id);
        if (told.error_code != ErrorCode::none) {
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
        if (told.error_code != ErrorCode::none) told.error_message = std::string(text_of(told.error_code));
    }
    co_return response;
}

template Task<void> serve<DeleteGroupsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
