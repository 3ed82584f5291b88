// GetResourcePolicy: without one the answer is `{}` (seen: AWS 2025).
#include "protocol/kinesis/operations/get_resource_policy.h"
#include "emulator/kinesis/resources.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<GetResourcePolicy>> handle(Call& call, const GetResourcePolicy& request) {
    const auto found = with_policy(resource_of(call, request), *request.resource_arn);
    if (!found) co_return std::unexpected{found.error()};
    const auto& policy = found->policy();
    co_return GetResourcePolicy::Result{policy.empty() ? "{}" : policy};
}

template Task<Answer> serve<GetResourcePolicy>(Serving);

}   // namespace sluice::kinesis
