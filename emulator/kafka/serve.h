// One request from frame to answer: decode, refuse what may not be, handle, encode. Instantiated by the last line of each
// handler's file, so a forgotten file is a link error that names the API.
#pragma once

#include "emulator/kafka/call.h"
#include "emulator/kafka/security/whole_calls.h"
#include "emulator/kafka/topics.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

// g++ 12 sees Asio's allocation of a coroutine's frame and not that the frame is freed the same way.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
template <class Request>
Task<void> serve(std::shared_ptr<Call> call) {
    Connection& connection = *call->connection;
    Arena arena;
    Request request{};
    if (!decode(call->header.body, call->version, arena, request)) {
        call->hang_up = true;
        connection.no_answer(*call);
        co_return;
    }
    if (call->broker.guards()) {
        using Response = typename decltype(handle(*call, request))::value_type;
        if (const auto refused = whole_refusal<Response>(*call, request)) {
            connection.answer(*call, encode_gather(*refused, call->version, call->header.correlation_id));
            co_return;
        }
    }
    auto response = co_await handle(*call, request);
    if constexpr (requires { response.throttle_time_ms; })
        if (charge_time(*call)) response.throttle_time_ms = told_throttle(call->throttle);
    if (call->silent || call->hang_up)
        connection.no_answer(*call);
    else
        connection.answer(*call, encode_gather(response, call->version, call->header.correlation_id));
}
#pragma GCC diagnostic pop

}   // namespace sluice::kafka
