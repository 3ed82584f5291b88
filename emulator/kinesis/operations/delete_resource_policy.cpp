// DeleteResourcePolicy: without one it is refused (seen: AWS 2025).
#include "protocol/kinesis/operations/delete_resource_policy.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/resources.h"

namespace sluice::kinesis {

Task<Reply<DeleteResourcePolicy>> handle(Call& call, const DeleteResourcePolicy& request) {
    const auto found = with_policy(resource_of(call, request), *request.resource_arn);
    if (!found) co_return std::unexpected{found.error()};
    if (auto fault = must_be_active(call, *found)) co_return std::unexpected{*fault};
    if (found->policy().empty()) co_return std::unexpected{texts::policy_not_found(*request.resource_arn)};
    auto waiting = stored(set_policy(call, *found, {}));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<DeleteResourcePolicy>(Serving);

}   // namespace sluice::kinesis
