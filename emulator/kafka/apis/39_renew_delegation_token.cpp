// RenewDelegationToken v1-2: whoever owns a token, asked for it or was named may let it live longer, up to its end.
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/security/refusals.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/renew_delegation_token.h"

namespace sluice::kafka {

Task<RenewDelegationTokenResponse> handle(Call& call, const RenewDelegationTokenRequest& request) {
    auto& logins = call.broker.logins();
    RenewDelegationTokenResponse response;
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
    const auto usual = call.broker.configs.number("delegation.token.expiry.time.ms");
    token.expires_ms =
        std::min(token.latest_ms, later_ms(now, request.renew_period_ms > 0 ? std::min(usual, request.renew_period_ms) : usual));
    response.expiry_timestamp_ms = token.expires_ms;
    const auto ticket = logins.tokens().put(std::move(token));
    const auto committed = co_await ticket.committed();
    if (!committed) response.error_code = code_of(committed.error());
    co_return response;
}

template Task<void> serve<RenewDelegationTokenRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
