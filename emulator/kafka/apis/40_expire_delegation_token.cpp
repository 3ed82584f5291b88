// ExpireDelegationToken v1-2: a token ends after that period, or now when it is below zero.
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/security/refusals.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/expire_delegation_token.h"

namespace sluice::kafka {

Task<ExpireDelegationTokenResponse> handle(Call& call, const ExpireDelegationTokenRequest& request) {
    auto& logins = call.broker.logins();
    ExpireDelegationTokenResponse response;
    response.expiry_timestamp_ms = -1;
    response.error_code = token_fault(call, call.connection->login.by_token());
    if (response.error_code != ErrorCode::none) co_return response;
    const auto now = logins.real_ms();
    const auto* found = logins.tokens().find_by_hmac(as_text(request.hmac), now);
    if (!found)
        response.error_code = ErrorCode::delegation_token_not_found;
    else if (!found->may_renew(call.principal()))
        response.error_code = ErrorCode::delegation_token_owner_mismatch;
    if (response.error_code != ErrorCode::none) co_return response;
    auto token = *found;
    token.expires_ms =
        request.expiry_time_period_ms < 0 ? now : std::min(token.latest_ms, later_ms(now, request.expiry_time_period_ms));
    response.expiry_timestamp_ms = token.expires_ms;
    const auto id = token.id;
    const auto ticket = token.expires_ms <= now ? logins.tokens().erase(id) : logins.tokens().put(std::move(token));
    const auto committed = co_await ticket.committed();
    if (!committed) response.error_code = code_of(committed.error());
    co_return response;
}

template Task<void> serve<ExpireDelegationTokenRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
