// DescribeLimits: what the account has and may have. The counts are kept, not taken.
#include "protocol/kinesis/operations/describe_limits.h"
#include "emulator/kinesis/account.h"
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<DescribeLimits>> handle(Call& call, const DescribeLimits&) {
    const auto there = tally_of(call);
    DescribeLimits::Result told;
    told.shard_limit = shard_limit(call);
    told.open_shard_count = static_cast<std::int32_t>(there.open_shards);
    told.on_demand_stream_count = static_cast<std::int32_t>(there.on_demand_streams);
    told.on_demand_stream_count_limit = streams::on_demand_streams;
    told.channel_count = channels_there(call);
    told.channel_count_limit = channels_allowed;
    co_return told;
}

template Task<Answer> serve<DescribeLimits>(Serving);

}   // namespace sluice::kinesis
