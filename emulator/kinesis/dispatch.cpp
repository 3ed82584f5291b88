#include "emulator/kinesis/dispatch.h"

#include <algorithm>
#include <array>

#include "emulator/kinesis/call.h"
#include "emulator/kinesis/served.h"
#include "emulator/kinesis/sts.h"
#include "emulator/kinesis/texts/texts.h"
#include "emulator/kinesis/verification.h"
#include "protocol/kinesis/operation_names.h"

namespace sluice::kinesis {
namespace {

struct Route {
    std::string_view operation;
    Task<Answer> (*serve)(Serving);
};
template <class... Operation>
consteval auto table(Operations<Operation...>) {
    return std::array<Route, sizeof...(Operation)>{Route{Operation::operation, &serve<Operation>}...};
}
constexpr auto routes = table(Served{});
static_assert(std::ranges::is_sorted(routes, std::ranges::less_equal{}, &Route::operation),
              "list the operations by name, each once");
static_assert(std::ranges::all_of(routes, is_operation, &Route::operation),
              "a name that the service's model lacks is never asked for");

constexpr std::string_view service_name = "kinesis";   // of a credential scope

Task<Answer> at_once(Answer answer) { co_return answer; }

using Headers = std::vector<std::pair<std::string_view, std::string>>;
Task<Answer> with(Headers headers, Task<Answer> answered) {
    auto answer = co_await std::move(answered);
    std::ranges::move(headers, std::back_inserter(answer.headers));
    co_return answer;
}

Task<Answer> begin(std::string_view operation, Serving serving) {
    const auto found = std::ranges::lower_bound(routes, operation, {}, &Route::operation);
    if (found != routes.end() && found->operation == operation) return found->serve(std::move(serving));
    const auto error = !well_formed(serving.body, serving.encoding) ? Error{ErrorCode::serialization}
                       : serving.caller                             ? texts::not_emulated(operation)
                                                                    : serving.caller.error();
    return at_once(render(error, serving.encoding));
}

Task<Answer> begin_verified(std::string_view operation, Serving serving, RequestHead head) {
    if (serving.caller) {
        auto looking = verify(serving.engine, *serving.options.verification, head, serving.body, *serving.caller, service_name);
        if (auto right = co_await std::move(looking); !right)
            serving.caller = std::unexpected{error_of(std::move(right.error()))};
    }
    auto answering = begin(operation, std::move(serving));
    co_return co_await std::move(answering);
}

}   // namespace

// No coroutine of its own: the answer to most requests is what the operation's `serve` yields.
Task<Answer> dispatch(streams::Engine& engine, const DoorOptions& options, const RequestHead& head, std::string_view body,
                      Push& push, Asker* asker) {
    auto routed = route(head, body);
    auto extra = origin_headers(head);
    const auto finish = [&](Task<Answer> answered) {
        return extra.empty() ? std::move(answered) : with(std::move(extra), std::move(answered));
    };
    if (auto* answer = std::get_if<Answer>(&routed)) {
        if (auto asked = sts::asked(head, body)) return finish(answer_sts(engine, options, head, body, *std::move(asked)));
        return at_once(std::move(*answer));
    }
    const auto& [operation, encoding] = std::get<Routed>(routed);
    Serving serving{engine, engine.default_world(), options, body, encoding, authenticate(head), push, asker};
    return finish(options.verification ? begin_verified(operation, std::move(serving), head)
                                       : begin(operation, std::move(serving)));
}

}   // namespace sluice::kinesis
