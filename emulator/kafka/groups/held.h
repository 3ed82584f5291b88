// A member's request that has nothing to tell and would be told nothing waits here for news, so that a rebalance does not wait
// for the next one.
#pragma once

#include <memory>

#include "emulator/kafka/call.h"

namespace sluice::kafka {

// From one heartbeat of a member whose heartbeats are held to the next.
inline constexpr std::int32_t between_held_ms = 20;

// Until the signal fires, the span is over, the connection ends, or the client has something else to say on it.
inline Task<void> wait_for_news(Call& call, std::shared_ptr<Signal> news, milliseconds span) {
    if (call.connection->pressed()) co_return;
    Waiter waiter{call.engine.executor()};
    waiter.watch(*news);
    waiter.watch(call.connection->press);
    waiter.watch(call.connection->gone, Woken::closed);
    waiter.deadline(*call.world.clock, span);
    co_await waiter.wait();
}

}   // namespace sluice::kafka
