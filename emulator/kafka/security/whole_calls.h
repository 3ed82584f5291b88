// What refuses a call as a whole: the group or the transactional id that it names, and the cluster where an API needs nothing
// else. It is asked before the handler, for every API whose answer has a code of its own, so handlers name parts of a request
// only: topics, and groups in lists.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/kafka/call.h"
#include "protocol/kafka/errors.h"

namespace sluice::kafka {

struct WholeCall {
    std::optional<std::string_view> transactional_id, group_id;
};
ErrorCode guarded_refusal(const Call&, const WholeCall&);

// The answer, when the call is refused.
template <class Response, class Request>
std::optional<Response> whole_refusal(const Call& call, const Request& request) {
    if constexpr (requires(Response answer) {
                      { answer.error_code } -> std::same_as<ErrorCode&>;
                  }) {
        WholeCall named;
        if constexpr (requires { request.transactional_id; }) named.transactional_id = request.transactional_id;
        if constexpr (requires { request.group_id; }) named.group_id = request.group_id;
        if (const auto code = guarded_refusal(call, named); code != ErrorCode::none) {
            Response response{};
            response.error_code = code;
            if constexpr (requires { response.error_message; }) response.error_message = std::string(text_of(code));
            return response;
        }
    }
    return std::nullopt;
}

}   // namespace sluice::kafka
