// MergeShards: the first shard must be the lower neighbour of the second.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct MergeShards {
    static constexpr std::string_view operation = "MergeShards";
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> shard_to_merge;
    std::optional<std::string_view> adjacent_shard_to_merge;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("ShardToMerge", m.shard_to_merge, rules::required_name);
        f("AdjacentShardToMerge", m.adjacent_shard_to_merge, rules::required_name);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
