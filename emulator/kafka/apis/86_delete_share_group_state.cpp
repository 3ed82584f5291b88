// DeleteShareGroupState v0 (KIP-932): the group forgets a partition, as if it had never read it.
#include "emulator/kafka/share/state_calls.h"
#include "protocol/kafka/messages/delete_share_group_state.h"

namespace sluice::kafka {

Task<DeleteShareGroupStateResponse> handle(Call& call, const DeleteShareGroupStateRequest& request) {
    std::vector<streams::Ticket> tickets;
    auto response = answer_state_call<DeleteShareGroupStateResponse>(
        call, request, [&](ShareTopic* known, const ShareTarget& target, const auto& asked, auto& told) {
            (void)asked, (void)told;
            if (!known) return;
            known->backlog->forget(target.shard->index);
            tickets.push_back(known->backlog->store());
        });
    for (const auto& ticket : tickets)
        if (const auto stored = co_await ticket.committed(); !stored)
            for (auto& result : response.results)
                for (auto& told : result.partitions) told.error_code = code_of(stored.error());
    co_return response;
}

template Task<void> serve<DeleteShareGroupStateRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
