// UpdateAccountSettings: a commitment that somebody wants to end goes on to its earliest end, and ends then by the server's
// clock. Until then it can be enabled again. What is the case already changes nothing.
#include "protocol/kinesis/operations/update_account_settings.h"
#include "emulator/kinesis/account.h"
#include "emulator/kinesis/operations/attributes.h"

namespace sluice::kinesis {

Task<Reply<UpdateAccountSettings>> handle(Call& call, const UpdateAccountSettings& request) {
    const bool enable = *request.minimum_throughput_billing_commitment->status == "ENABLED";
    const Time now = call.world.clock->now();
    auto commitment = commitment_of(call);
    const bool holds = commitment && commitment->holds(now);
    const bool ending = holds && commitment->ends;
    if (enable && holds)
        commitment->ends.reset();
    else if (enable)
        commitment = Commitment{.started = now, .ends = {}};
    else if (holds && !ending)
        commitment->ends = std::max(now, commitment->started + shortest_commitment);
    if (enable ? !holds || ending : holds && !ending) {
        auto waiting = stored(set_commitment(call, *commitment));
        if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    }
    co_return UpdateAccountSettings::Result{describe(commitment, now)};
}

template Task<Answer> serve<UpdateAccountSettings>(Serving);

}   // namespace sluice::kinesis
