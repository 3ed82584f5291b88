// DescribeStream: pages of shards; Limit above 100 means 100.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct DescribeStream {
    static constexpr std::string_view operation = "DescribeStream";
    std::optional<std::string_view> stream_name;
    std::optional<std::int32_t> limit;
    std::optional<std::string_view> exclusive_start_shard_id;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("Limit", m.limit, rules::page);
        f("ExclusiveStartShardId", m.exclusive_start_shard_id, rules::name);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    struct Result {
        StreamDescription stream_description;
        static constexpr void members(auto& m, auto& f) { f("StreamDescription", m.stream_description, rules::none); }
    };
};

}   // namespace sluice::kinesis
