// DescribeStreamConsumer: KCL asks it until a consumer that it registered is ACTIVE.
#include "protocol/kinesis/operations/describe_stream_consumer.h"

#include "emulator/kinesis/consumers.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<DescribeStreamConsumer>> handle(Call& call, const DescribeStreamConsumer& request) {
    const auto found = find_consumer(call, request.stream_arn, request.consumer_name, request.consumer_arn, request.stream_id);
    if (!found) co_return std::unexpected{found.error()};
    auto told = describe(call, *found->stream, *found->consumer);
    co_return DescribeStreamConsumer::Result{{std::move(told.consumer_name), std::move(told.consumer_arn), told.consumer_status,
                                              told.consumer_creation_timestamp, arn_of(call, *found->stream)}};
}

template Task<Answer> serve<DescribeStreamConsumer>(Serving);

}   // namespace sluice::kinesis
