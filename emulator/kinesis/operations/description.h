// What DescribeStream and DescribeStreamSummary both tell of a stream.
#pragma once

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/operations/metric_names.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

template <class Description>
Description describe_as(const Call& call, const streams::Stream& stream) {
    Description told;
    told.stream_name = call.name(stream);
    told.stream_arn = arn_of(call, stream);
    told.stream_status = status_text(stream.status);
    told.stream_mode_details = mode_of(stream);
    told.retention_period_hours = retention_hours(stream);
    told.stream_creation_timestamp = stream.created;
    told.enhanced_monitoring = {EnhancedMetrics{metric_list(stream.metrics)}};
    told.encryption_type = stream.encrypted() ? "KMS" : "NONE";
    if (stream.encrypted()) told.key_id = stream.key;
    return told;
}

}   // namespace sluice::kinesis
