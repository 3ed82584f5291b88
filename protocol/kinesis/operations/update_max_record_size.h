// UpdateMaxRecordSize: by ARN only, which the model calls optional all the same.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct UpdateMaxRecordSize {
    static constexpr std::string_view operation = "UpdateMaxRecordSize";
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    std::optional<std::int32_t> max_record_size_in_kib;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("MaxRecordSizeInKiB", m.max_record_size_in_kib, Rules{.required = true, .min = 1024, .max = 10240});
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
