// ListShards: NextToken names the stream by itself and excludes the other ways to say it.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct ListShards {
    static constexpr std::string_view operation = "ListShards";
    static constexpr std::string_view types =
        "AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP";
    struct Filter {
        std::optional<std::string_view> type;
        std::optional<std::string_view> shard_id;
        std::optional<Time> timestamp;
        static constexpr void members(auto& m, auto& f) {
            f("Type", m.type, Rules{.required = true, .one_of = types});
            f("ShardId", m.shard_id, rules::name);
            f("Timestamp", m.timestamp, rules::none);
        }
    };
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> next_token;
    std::optional<std::string_view> exclusive_start_shard_id;
    std::optional<std::int32_t> max_results;
    std::optional<Time> stream_creation_timestamp;
    std::optional<Filter> shard_filter;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("NextToken", m.next_token, rules::token);
        f("ExclusiveStartShardId", m.exclusive_start_shard_id, rules::name);
        f("MaxResults", m.max_results, rules::page);
        f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
        f("ShardFilter", m.shard_filter, rules::none);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
    struct Result {
        std::vector<Shard> shards;
        std::optional<std::string> next_token;
        static constexpr void members(auto& m, auto& f) {
            f("Shards", m.shards, rules::none);
            f("NextToken", m.next_token, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
