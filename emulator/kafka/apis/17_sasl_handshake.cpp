// SaslHandshake v0-1: which mechanism the client logs in by. After v0 its tokens come as frames of their own.
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/security/refusals.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/sasl_handshake.h"

namespace sluice::kafka {

Task<SaslHandshakeResponse> handle(Call& call, const SaslHandshakeRequest& request) {
    auto& logins = call.broker.logins();
    auto told = call.connection->login.handshake(request.mechanism, call.version, logins.rules(), logins, logins.fresh_nonce());
    SaslHandshakeResponse response;
    response.error_code = told.code;
    if (told.code != ErrorCode::illegal_sasl_state) response.mechanisms = logins.rules().mechanisms;
    if (told.last) {
        auto waiting = delay_refusal(call);
        co_await std::move(waiting);
    }
    co_return response;
}

template Task<void> serve<SaslHandshakeRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
