// SplitShard: the new key starts the upper child.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct SplitShard {
    static constexpr std::string_view operation = "SplitShard";
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> shard_to_split;
    std::optional<std::string_view> new_starting_hash_key;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("ShardToSplit", m.shard_to_split, rules::required_name);
        f("NewStartingHashKey", m.new_starting_hash_key, Rules{.required = true, .pattern = &hash_key_pattern});
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    using Result = NoResult;
};

}   // namespace sluice::kinesis
