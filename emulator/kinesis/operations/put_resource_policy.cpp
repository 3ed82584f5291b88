// PutResourcePolicy: takes the place of the one before. It is given back as it was sent and decides nothing, because there are no
// users here who could have a right or lack it.
#include "protocol/kinesis/operations/put_resource_policy.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/resources.h"

namespace sluice::kinesis {

Task<Reply<PutResourcePolicy>> handle(Call& call, const PutResourcePolicy& request) {
    const auto found = with_policy(resource_of(call, request), *request.resource_arn);
    if (!found) co_return std::unexpected{found.error()};
    if (auto fault = must_be_active(call, *found)) co_return std::unexpected{*fault};
    if (!well_formed(*request.policy, Encoding::json)) co_return std::unexpected{texts::policy_malformed()};
    auto changed = set_policy(call, *found, std::string{*request.policy});
    if (!changed && changed.error() == streams::Fault::bad_text) co_return std::unexpected{texts::policy_malformed()};
    auto waiting = stored(std::move(changed));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return NoResult{};
}

template Task<Answer> serve<PutResourcePolicy>(Serving);

}   // namespace sluice::kinesis
