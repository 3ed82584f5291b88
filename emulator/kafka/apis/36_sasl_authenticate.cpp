// SaslAuthenticate v0-2: one step of the exchange that SaslHandshake began, and the same as a bare frame.
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/security/refusals.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/sasl_authenticate.h"

namespace sluice::kafka {

Task<SaslAuthenticateResponse> handle(Call& call, const SaslAuthenticateRequest& request) {
    auto told =
        call.connection->login.authenticate(as_text(request.auth_bytes), call.broker.logins().rules(), call.world.clock->real());
    SaslAuthenticateResponse response;
    response.error_code = told.code;
    response.error_message = std::move(told.text);
    response.auth_bytes.assign(as_bytes(told.bytes).begin(), as_bytes(told.bytes).end());
    response.session_lifetime_ms = told.lifetime.count();
    if (told.last) {
        auto waiting = delay_refusal(call);
        co_await std::move(waiting);
    }
    co_return response;
}

Task<void> serve_token(std::shared_ptr<Call> call) {
    auto told = call->connection->login.authenticate(as_text(call->header.body), call->broker.logins().rules(),
                                                     call->world.clock->real());
    if (told.last) {   // there is no way to say why
        auto waiting = delay_refusal(*call);
        co_await std::move(waiting);
        call->hang_up = true;
        co_return call->connection->no_answer(*call);
    }
    Gathered answer;
    answer.bytes.resize(4 + told.bytes.size());
    Fill out{answer.bytes.data()};
    out.integer(static_cast<std::int32_t>(told.bytes.size()));
    out.raw(as_bytes(told.bytes));
    answer.total = answer.bytes.size();
    call->connection->answer(*call, std::move(answer));
}

template Task<void> serve<SaslAuthenticateRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
