// UpdateStreamRecordDistributionStrategy: by ARN only.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct UpdateStreamRecordDistributionStrategy {
    static constexpr std::string_view operation = "UpdateStreamRecordDistributionStrategy";
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    std::optional<std::string_view> record_distribution_strategy;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::required_arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("RecordDistributionStrategy", m.record_distribution_strategy,
          Rules{.required = true, .one_of = "AUTO, USER_PARTITION_KEY"});
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
