// SyncGroup v0-5: the leader brings the assignment, everybody gets its part once it is stored, followers wait for it.
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

Task<SyncGroupResponse> handle(Call& call, const SyncGroupRequest& request) {
    auto& groups = call.broker.groups(call.world);
    const auto reply = groups.sync(request);
    if (!reply->value) {
        Waiter waiter{call.engine.executor()};
        waiter.watch(reply->given);
        waiter.watch(call.session->gone, Woken::closed);
        co_await waiter.wait();
    }
    if (!reply->value) co_return SyncGroupResponse{};   // the client is gone; its session runs out by itself
    const auto* group = reply->value->error_code == ErrorCode::none ? groups.find(request.group_id) : nullptr;
    if (group && group->generation == request.generation_id) {
        const auto stored = co_await group->assigned.committed();
        if (!stored) {
            groups.unassign(request.group_id, request.generation_id);
            reply->value.emplace().error_code =
                ErrorCode::coordinator_not_available;   // as Kafka when it cannot append to the group's log
        }
    }
    co_return std::move(*reply->value);
}

template Task<void> serve<SyncGroupRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
