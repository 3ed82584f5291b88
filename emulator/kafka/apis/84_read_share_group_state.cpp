// ReadShareGroupState v0 (KIP-932): where the group stands in a partition, and how often what is behind that was delivered. Only
// records that are not settled are told one by one, as runs of equal counts; what lies between them is settled.
#include "emulator/kafka/share/state_calls.h"
#include "protocol/kafka/messages/read_share_group_state.h"

namespace sluice::kafka {

Task<ReadShareGroupStateResponse> handle(Call& call, const ReadShareGroupStateRequest& request) {
    co_return answer_state_call<ReadShareGroupStateResponse>(
        call, request, [](ShareTopic* known, const ShareTarget& target, const auto&, auto& told) {
            constexpr std::int8_t available = 0, archived = 4;
            const auto shard = target.shard->index;
            const auto start = known ? known->backlog->start(shard) : std::nullopt;
            if (!start) return refuse_uninitialized(told);
            told.start_offset = *start;
            for (auto at = *start; at < *known->backlog->next(shard); ++at) {
                const auto* one = known->backlog->deliveries().find({shard, at});
                const auto state = one ? available : archived;
                const auto count = static_cast<std::int16_t>(one ? one->received : 0);
                auto& batches = told.state_batches;
                if (!batches.empty() && batches.back().delivery_state == state && batches.back().delivery_count == count)
                    batches.back().last_offset = at;
                else
                    batches.push_back({.first_offset = at, .last_offset = at, .delivery_state = state, .delivery_count = count});
            }
        });
}

template Task<void> serve<ReadShareGroupStateRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
