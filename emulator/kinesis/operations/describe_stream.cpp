// DescribeStream: shards in pages of at most 100. While CREATING the list of shards is empty (seen: AWS 2015).
#include <algorithm>

#include "emulator/kinesis/operations/description.h"
#include "protocol/kinesis/operations/describe_stream.h"

namespace sluice::kinesis {

Task<Reply<DescribeStream>> handle(Call& call, const DescribeStream& request) {
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    auto told = describe_as<StreamDescription>(call, stream);
    const auto most = static_cast<std::size_t>(std::min(request.limit.value_or(100), 100));
    std::int32_t after = -1;
    if (request.exclusive_start_shard_id) {
        const auto start = shard_or_fault(call, *request.exclusive_start_shard_id, call.name(stream));
        if (!start) co_return std::unexpected{start.error()};
        after = *start;
    }
    if (stream.status != streams::StreamStatus::creating) {
        const Time now = call.world.clock->now();
        for (const auto& shard : stream.shards) {
            if (shard->index <= after || expired(*shard, now)) continue;
            if (told.shards.size() == most) {
                told.has_more_shards = true;
                break;
            }
            told.shards.push_back(describe(*shard));
        }
    }
    co_return DescribeStream::Result{std::move(told)};
}

template Task<Answer> serve<DescribeStream>(Serving);

}   // namespace sluice::kinesis
