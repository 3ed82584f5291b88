// DescribeQueue: with the attributes that were asked for last.
#include "protocol/kinesis/operations/describe_queue.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<DescribeQueue>> handle(Call& call, const DescribeQueue& request) {
    const auto queue = find_queue(call, *request.queue_arn);
    if (!queue) co_return std::unexpected{queue.error()};
    co_return DescribedQueue{describe(call, **queue)};
}

template Task<Answer> serve<DescribeQueue>(Serving);

}   // namespace sluice::kinesis
