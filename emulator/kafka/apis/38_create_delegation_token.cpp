// CreateDelegationToken v1-3: a token for the caller, or, with CREATE_TOKENS on that user, for another one (KIP-373). Whoever is
// not logged in, or is by a token, gets none. Times are real ones (rule 9).
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/security/refusals.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/create_delegation_token.h"
#include "protocol/kafka/print.h"

namespace sluice::kafka {

Task<CreateDelegationTokenResponse> handle(Call& call, const CreateDelegationTokenRequest& request) {
    auto& logins = call.broker.logins();
    const auto& configs = call.broker.configs;
    Principal owner = call.principal();
    if (request.owner_principal_name && !request.owner_principal_name->empty())
        owner = {std::string(request.owner_principal_type.value_or("User")), std::string(*request.owner_principal_name)};
    CreateDelegationTokenResponse response;
    const auto refuse = [&](ErrorCode code) {
        response.error_code = code;
        response.issue_timestamp_ms = response.expiry_timestamp_ms = response.max_timestamp_ms = -1;
    };
    response.principal_type = owner.type;
    response.principal_name = owner.name;
    response.token_requester_principal_type = call.principal().type;
    response.token_requester_principal_name = call.principal().name;
    refuse(token_fault(call, call.connection->login.by_token()));
    if (response.error_code != ErrorCode::none) co_return response;
    const bool others = owner != call.principal();
    if (others && !may(call, AclOperation::create_tokens, ResourceType::user, owner.text())) {
        refuse(ErrorCode::delegation_token_authorization_failed);
        co_return response;
    }
    Token token;
    std::size_t longest = std::max(owner.type.size(), owner.name.size());
    for (const auto& [type, name] : request.renewers) {
        if (type != "User") refuse(ErrorCode::invalid_principal_type);
        longest = std::max({longest, type.size(), name.size()});
        if (token.renewers.size() < Tokens::most_renewers) token.renewers.push_back({std::string(type), std::string(name)});
    }
    if (request.renewers.size() > Tokens::most_renewers || longest > Tokens::longest_name) refuse(ErrorCode::invalid_request);
    if (response.error_code != ErrorCode::none) co_return response;
    const auto now = logins.real_ms();
    logins.tokens().forget_expired(now);
    const auto most = configs.number("delegation.token.max.lifetime.ms");
    const auto random = call.engine.random().uuid();
    token.id = base64(random, true);
    token.hmac = hmac(ScramHash::sha512, logins.token_secret(), token.id);
    token.owner = owner;
    token.requester = call.principal();
    token.issued_ms = now;
    token.latest_ms = later_ms(now, request.max_lifetime_ms > 0 ? std::min(most, request.max_lifetime_ms) : most);
    token.expires_ms = std::min(token.latest_ms, later_ms(now, configs.number("delegation.token.expiry.time.ms")));
    response.issue_timestamp_ms = token.issued_ms;
    response.expiry_timestamp_ms = token.expires_ms;
    response.max_timestamp_ms = token.latest_ms;
    response.token_id = token.id;
    response.hmac.assign(as_bytes(token.hmac).begin(), as_bytes(token.hmac).end());
    const auto ticket = logins.tokens().put(std::move(token));
    const auto committed = co_await ticket.committed();
    if (!committed) {
        refuse(code_of(committed.error()));
        response.token_id.clear();
        response.hmac.clear();
    }
    co_return response;
}

template Task<void> serve<CreateDelegationTokenRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
