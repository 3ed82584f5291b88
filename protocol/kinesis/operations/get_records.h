// GetRecords: at the end of a closed shard NextShardIterator is absent and ChildShards is there (KCL checks
// both).
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct GetRecords {
    static constexpr std::string_view operation = "GetRecords";
    std::optional<std::string_view> shard_iterator;
    std::optional<std::int32_t> limit;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    std::optional<bool> dry_run;
    static constexpr void members(auto& m, auto& f) {
        f("ShardIterator", m.shard_iterator, Rules{.required = true, .min_length = 1, .max_length = 512});
        f("Limit", m.limit, rules::page);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("DryRun", m.dry_run, rules::none);
    }
    struct Result {
        std::vector<Record> records;
        std::optional<std::string> next_shard_iterator;
        std::optional<std::int64_t> millis_behind_latest;
        std::optional<std::vector<ChildShard>> child_shards;
        static constexpr void members(auto& m, auto& f) {
            f("Records", m.records, rules::none);
            f("NextShardIterator", m.next_shard_iterator, rules::none);
            f("MillisBehindLatest", m.millis_behind_latest, rules::none);
            f("ChildShards", m.child_shards, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
