// SubscribeToShard: the answer is a stream of events (event_stream.h), pushed as records come.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct StartingPosition {
    static constexpr std::string_view types = "AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON";
    std::optional<std::string_view> type;
    std::optional<std::string_view> sequence_number;
    std::optional<Time> timestamp;
    static constexpr void members(auto& m, auto& f) {
        f("Type", m.type, Rules{.required = true, .one_of = types});
        f("SequenceNumber", m.sequence_number, rules::sequence);
        f("Timestamp", m.timestamp, rules::none);
    }
};

struct SubscribeToShard {
    static constexpr std::string_view operation = "SubscribeToShard";
    std::optional<std::string_view> consumer_arn;
    std::optional<std::string_view> stream_id;
    std::optional<std::string_view> shard_id;
    std::optional<StartingPosition> starting_position;
    std::optional<bool> dry_run;
    static constexpr void members(auto& m, auto& f) {
        f("ConsumerARN", m.consumer_arn, rules::required_consumer_arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("ShardId", m.shard_id, rules::required_name);
        f("StartingPosition", m.starting_position, rules::required);
        f("DryRun", m.dry_run, rules::none);
    }
    using Result = NoResult;   // what comes before the first event
};

}   // namespace sluice::kinesis
