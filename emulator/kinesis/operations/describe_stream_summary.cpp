// DescribeStreamSummary: never a StreamId, which would send SDKs away from this endpoint (rule 21).
#include "emulator/kinesis/address.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

Task<Reply<DescribeStreamSummary>> handle(Call& call, const DescribeStreamSummary& request) {
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    StreamDescriptionSummary told;
    told.stream_name = call.name(stream);
    told.stream_arn = arn_of(call, stream);
    told.stream_status = status_text(stream.status);
    told.stream_mode_details = mode_of(stream);
    told.retention_period_hours = retention_hours(stream);
    told.stream_creation_timestamp = stream.created;
    told.enhanced_monitoring = {EnhancedMetrics{}};
    told.encryption_type = "NONE";
    told.open_shard_count =
        stream.status == streams::StreamStatus::creating ? 0 : static_cast<std::int32_t>(stream.open_shards());
    told.consumer_count = 0;
    told.max_record_size_in_kib = static_cast<std::int32_t>(stream.max_record_bytes / 1024);
    co_return DescribeStreamSummary::Result{std::move(told)};
}

template Task<Answer> serve<DescribeStreamSummary>(streams::Engine&, const DoorOptions&, Serving);

}   // namespace sluice::kinesis
