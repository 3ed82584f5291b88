// DescribeChannel: what it was made with, and the defaults where nothing was said, as AWS answers.
#include "protocol/kinesis/operations/describe_channel.h"

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<DescribeChannel>> handle(Call& call, const DescribeChannel& request) {
    const auto found = find_channel(call, *request.channel_arn);
    if (!found) co_return std::unexpected{found.error()};
    co_return DescribeChannel::Result{describe(call, *found)};
}

template Task<Answer> serve<DescribeChannel>(Serving);

}   // namespace sluice::kinesis
