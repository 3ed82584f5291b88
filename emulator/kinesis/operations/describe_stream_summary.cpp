// DescribeStreamSummary: never a StreamId, which would send SDKs away from this endpoint (rule 21).
#include "protocol/kinesis/operations/describe_stream_summary.h"
#include "emulator/kinesis/operations/description.h"
#include "emulator/streams/channels.h"
#include "emulator/streams/queues/queues.h"

namespace sluice::kinesis {

Task<Reply<DescribeStreamSummary>> handle(Call& call, const DescribeStreamSummary& request) {
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    auto told = describe_as<StreamDescriptionSummary>(call, stream);
    told.open_shard_count =
        stream.status == streams::StreamStatus::creating ? 0 : static_cast<std::int32_t>(stream.open_shards());
    told.consumer_count = static_cast<std::int32_t>(stream.consumers.size());
    told.queue_count = static_cast<std::int32_t>(call.engine.queues().count(stream));
    // What was asked for last, and what there is.
    const auto* coming = stream.change ? std::get_if<streams::Capacity>(&*stream.change) : nullptr;
    if (const auto warm = coming ? coming->warm_mibps : stream.warm_mibps; warm > 0)
        told.warm_throughput =
            WarmThroughput{.target_mibps = warm, .current_mibps = static_cast<std::int32_t>(stream.open_shards())};
    told.max_record_size_in_kib = static_cast<std::int32_t>(stream.max_record_bytes / 1024);
    if (stream.on_demand) told.record_distribution_strategy = stream.spread() ? "AUTO" : "USER_PARTITION_KEY";
    told.channel_count = static_cast<std::int32_t>(streams::channels_of(call.world).of(stream).size());
    co_return DescribeStreamSummary::Result{std::move(told)};
}

template Task<Answer> serve<DescribeStreamSummary>(Serving);

}   // namespace sluice::kinesis
