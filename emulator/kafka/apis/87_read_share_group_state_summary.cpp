// ReadShareGroupStateSummary v0-1 (KIP-932): where the group stands in a partition, and how much behind that is settled.
#include "emulator/kafka/share/state_calls.h"
#include "protocol/kafka/messages/read_share_group_state_summary.h"

namespace sluice::kafka {

Task<ReadShareGroupStateSummaryResponse> handle(Call& call, const ReadShareGroupStateSummaryRequest& request) {
    co_return answer_state_call<ReadShareGroupStateSummaryResponse>(
        call, request, [](ShareTopic* known, const ShareTarget& target, const auto&, auto& told) {
            const auto shard = target.shard->index;
            const auto start = known ? known->backlog->start(shard) : std::nullopt;
            told.start_offset = start.value_or(-1);
            if (!start) return;
            const auto open = static_cast<std::int64_t>(known->backlog->deliveries().size_in(shard));
            told.delivery_complete_count = static_cast<std::int32_t>(*known->backlog->next(shard) - *start - open);
        });
}

template Task<void> serve<ReadShareGroupStateSummaryRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
