#include "emulator/kafka/security/refusals.h"

#include "emulator/kafka/security/logins.h"

namespace sluice::kafka {

Task<void> delay_refusal(Call& call) {
    call.last = true;
    const auto delay = call.broker.logins().failure_delay();
    if (delay.count() <= 0) co_return;
    Waiter waiter{call.engine.executor()};
    waiter.watch(call.connection->gone, Woken::closed);
    waiter.deadline(*call.world.clock, delay);
    co_await waiter.wait();
}

// Seen: Kafka 4.4.0 answers the same to who did not log in, whatever the settings.
ErrorCode token_fault(Call& call, bool by_token) {
    if (!call.connection->login.authenticated() || by_token) return ErrorCode::delegation_token_request_not_allowed;
    return call.broker.logins().token_secret().empty() ? ErrorCode::delegation_token_auth_disabled : ErrorCode::none;
}

std::int64_t later_ms(std::int64_t now_ms, std::int64_t span_ms) {
    const auto last = to_ms(latest_time);
    return span_ms > last - now_ms ? last : now_ms + span_ms;
}

}   // namespace sluice::kafka
