// CreateStream: by name only. With nothing but a name the stream has 4 shards (seen: AWS 2024).
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct CreateStream {
    static constexpr std::string_view operation = "CreateStream";
    std::optional<std::string_view> stream_name;
    std::optional<std::int32_t> shard_count;
    std::optional<StreamModeDetails> stream_mode_details;
    std::optional<TextMap> tags;
    std::optional<std::int32_t> warm_throughput_mibps;
    std::optional<std::int32_t> max_record_size_in_kib;
    std::optional<std::string_view> record_distribution_strategy;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::required_name);
        f("ShardCount", m.shard_count, Rules{.min = 1});
        f("StreamModeDetails", m.stream_mode_details, rules::none);
        f("Tags", m.tags, rules::tags);
        f("WarmThroughputMiBps", m.warm_throughput_mibps, Rules{.min = 0});
        f("MaxRecordSizeInKiB", m.max_record_size_in_kib, Rules{.min = 1024, .max = 10240});
        f("RecordDistributionStrategy", m.record_distribution_strategy, Rules{.one_of = "AUTO, USER_PARTITION_KEY"});
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
