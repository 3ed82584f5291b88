// GetShardIterator: five types; the order of the types in the fault text is the one AWS printed.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct GetShardIterator {
    static constexpr std::string_view operation = "GetShardIterator";
    static constexpr std::string_view types = "AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON";
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> shard_id;
    std::optional<std::string_view> shard_iterator_type;
    std::optional<std::string_view> starting_sequence_number;
    std::optional<Time> timestamp;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    std::optional<bool> dry_run;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("ShardId", m.shard_id, rules::required_name);
        f("ShardIteratorType", m.shard_iterator_type, Rules{.required = true, .one_of = types});
        f("StartingSequenceNumber", m.starting_sequence_number, rules::sequence);
        f("Timestamp", m.timestamp, rules::none);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("DryRun", m.dry_run, rules::none);
    }
    struct Result {
        std::string shard_iterator;
        static constexpr void members(auto& m, auto& f) { f("ShardIterator", m.shard_iterator, rules::none); }
    };
};

}   // namespace sluice::kinesis
