#include "emulator/kinesis/dispatch.h"

#include <algorithm>
#include <array>

#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {
namespace {

using Serve = Task<Answer> (*)(streams::Engine&, const DoorOptions&, Serving);
struct Route {
    std::string_view operation;
    Serve serve;
};
template <class... Operation>
consteval auto table(Operations<Operation...>) {
    return std::array<Route, sizeof...(Operation)>{Route{Operation::operation, &serve<Operation>}...};
}
constexpr auto routes = table(Served{});
static_assert(std::ranges::is_sorted(routes, {}, &Route::operation), "list the operations by name, each once");

}   // namespace

Task<Answer> dispatch(streams::Engine& engine, const DoorOptions& options, const RequestHead& head, std::string_view body) {
    const auto routed = route(head, body);
    if (const auto* answer = std::get_if<Answer>(&routed)) co_return *answer;
    const auto& [operation, encoding] = std::get<Routed>(routed);
    const auto caller = authenticate(head);
    const auto found = std::ranges::lower_bound(routes, operation, {}, &Route::operation);
    Answer answer;
    if (found != routes.end() && found->operation == operation) {
        Serving serving{body, encoding, caller};
        answer = co_await found->serve(engine, options, serving);
    } else if (!well_formed(body, encoding)) {
        answer = render(Error{ErrorCode::serialization}, encoding);
    } else {
        answer = render(caller ? texts::not_emulated(operation) : caller.error(), encoding);
    }
    for (auto& extra : origin_headers(head)) answer.headers.push_back(std::move(extra));
    co_return answer;
}

}   // namespace sluice::kinesis
