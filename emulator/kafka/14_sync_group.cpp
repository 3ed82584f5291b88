// SyncGroup v0-5: the leader brings the assignment, everybody gets its part, followers wait for it.
#include "emulator/kafka/serve.h"

namespace sluice::kafka {

Task<SyncGroupResponse> handle(Call& call, const SyncGroupRequest& request) {
    const auto reply = call.broker.groups(call.world).sync(request);
    if (!reply->value) {
        Waiter waiter{call.engine.executor()};
        waiter.watch(reply->given);
        waiter.watch(call.session->gone, Woken::closed);
        co_await waiter.wait();
    }
    if (!reply->value) co_return SyncGroupResponse{};   // the client is gone; its session runs out by itself
    co_return std::move(*reply->value);
}

template Task<void> serve<SyncGroupRequest>(std::shared_ptr<Call>);

}  // namespace sluice::kafka
