// InitializeShareGroupState v0 (KIP-932): where the group begins in a partition. -1: where its settings say, at the first fetch.
#include <algorithm>

#include "emulator/kafka/share/state_calls.h"
#include "protocol/kafka/messages/initialize_share_group_state.h"

namespace sluice::kafka {

Task<InitializeShareGroupStateResponse> handle(Call& call, const InitializeShareGroupStateRequest& request) {
    std::vector<streams::Ticket> tickets;
    auto response = answer_state_call<InitializeShareGroupStateResponse>(
        call, request, [&](ShareTopic* known, const ShareTarget& target, const auto& asked, auto& told) {
            (void)told;
            if (asked.start_offset < 0) return;
            auto& topic = known ? *known : call.broker.share_groups(call.world).topic(request.group_id, *target.stream);
            const auto bounds = call.engine.bounds(*target.shard);
            topic.backlog->begin_at(target.shard->index, std::clamp(asked.start_offset, bounds.begin, bounds.end));
            tickets.push_back(topic.backlog->store());
        });
    for (const auto& ticket : tickets)
        if (const auto stored = co_await ticket.committed(); !stored)
            for (auto& result : response.results)
                for (auto& told : result.partitions) told.error_code = code_of(stored.error());
    co_return response;
}

template Task<void> serve<InitializeShareGroupStateRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
