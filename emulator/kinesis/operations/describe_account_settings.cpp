// DescribeAccountSettings: what UpdateAccountSettings has set, as of now.
#include "protocol/kinesis/operations/describe_account_settings.h"
#include "emulator/kinesis/account.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<DescribeAccountSettings>> handle(Call& call, const DescribeAccountSettings&) {
    co_return DescribeAccountSettings::Result{describe(commitment_of(call), call.world.clock->now())};
}

template Task<Answer> serve<DescribeAccountSettings>(Serving);

}   // namespace sluice::kinesis
