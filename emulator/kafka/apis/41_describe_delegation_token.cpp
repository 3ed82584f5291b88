// DescribeDelegationToken v1-3: of these owners, or of all: one's own tokens, and those that one may describe.
#include <algorithm>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/security/refusals.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_delegation_token.h"

namespace sluice::kafka {

Task<DescribeDelegationTokenResponse> handle(Call& call, const DescribeDelegationTokenRequest& request) {
    auto& logins = call.broker.logins();
    DescribeDelegationTokenResponse response;
    response.error_code = token_fault(call, call.connection->login.by_token());
    if (response.error_code != ErrorCode::none) co_return response;
    const auto asked_for = [&](const Principal& owner) {
        return !request.owners || std::ranges::any_of(*request.owners, [&](const auto& one) {
            return one.principal_type == owner.type && one.principal_name == owner.name;
        });
    };
    logins.tokens().each(logins.real_ms(), [&](const Token& token) {
        if (!asked_for(token.owner)) return;
        if (!token.may_renew(call.principal()) && refusal(call, ResourceType::delegation_token, token.id) != ErrorCode::none &&
            !may(call, AclOperation::describe_tokens, ResourceType::user, token.owner.text()))
            return;
        auto& told = response.tokens.emplace_back();
        told.principal_type = token.owner.type;
        told.principal_name = token.owner.name;
        told.token_requester_principal_type = token.requester.type;
        told.token_requester_principal_name = token.requester.name;
        told.issue_timestamp = token.issued_ms;
        told.expiry_timestamp = token.expires_ms;
        told.max_timestamp = token.latest_ms;
        told.token_id = token.id;
        told.hmac.assign(as_bytes(token.hmac).begin(), as_bytes(token.hmac).end());
        for (const auto& [type, name] : token.renewers) told.renewers.push_back({.principal_type = type, .principal_name = name});
    });
    co_return response;
}

template Task<void> serve<DescribeDelegationTokenRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
