// A member's request that has nothing to tell and would be told nothing waits here for news, so that a rebalance does not wait
// for the next one.
#pragma once

#include <memory>

#include "emulator/kafka/call.h"
#include "emulator/kafka/groups/groups.h"

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

// The heartbeat's answer, given when what it changed is stored and there is something to tell.
template <class Kind>
Task<typename Kind::Response> answer_beat(Call& call, Groups::Beat<Kind> beat, std::string_view group, std::string_view member) {
    for (const auto& topic : beat.topics) co_await topic.committed();
    auto stored = co_await beat.ticket.committed();
    if (stored && beat.news) {
        auto waiting = wait_for_news(call, beat.news, beat.hold);
        co_await std::move(waiting);
        beat = call.broker.groups(call.world).template news<Kind>(group, member);
        stored = co_await beat.ticket.committed();
    }
    if (!stored) co_return Kind::refused({ErrorCode::coordinator_not_available, {}});
    co_return std::move(beat.response);
}

}   // namespace sluice::kafka
