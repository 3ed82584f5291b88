// SyncGroup v0-5: the leader brings the assignment, everybody gets its part once it is stored, followers wait for it.
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/sync_group.h"

namespace sluice::kafka {

Task<SyncGroupResponse> handle(Call& call, const SyncGroupRequest& request) {
    if (call.version >= 5 && (!request.protocol_type || !request.protocol_name))
        co_return refused_sync(ErrorCode::inconsistent_group_protocol);
    auto& groups = call.broker.groups(call.world);
    const auto reply = groups.sync(request);
    if (!reply->value) {
        Waiter waiter{call.engine.executor()};
        waiter.watch(reply->given);
        waiter.watch(call.connection->gone, Woken::closed);
        co_await waiter.wait();
    }
    if (!reply->value) {
        groups.gone(request.group_id, reply->number);
        co_return SyncGroupResponse{};
    }
    co_return std::move(*reply->value);
}

template Task<void> serve<SyncGroupRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
