// Shapes of registered consumers, which read by enhanced fan-out, and of what is pushed to them.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct Consumer {
    std::string consumer_name;
    std::string consumer_arn;
    std::string_view consumer_status;
    Time consumer_creation_timestamp;
    static constexpr void members(auto& m, auto& f) {
        f("ConsumerName", m.consumer_name, rules::none);
        f("ConsumerARN", m.consumer_arn, rules::none);
        f("ConsumerStatus", m.consumer_status, rules::none);
        f("ConsumerCreationTimestamp", m.consumer_creation_timestamp, rules::none);
    }
};

struct ConsumerDescription {
    std::string consumer_name;
    std::string consumer_arn;
    std::string_view consumer_status;
    Time consumer_creation_timestamp;
    std::string stream_arn;
    static constexpr void members(auto& m, auto& f) {
        f("ConsumerName", m.consumer_name, rules::none);
        f("ConsumerARN", m.consumer_arn, rules::none);
        f("ConsumerStatus", m.consumer_status, rules::none);
        f("ConsumerCreationTimestamp", m.consumer_creation_timestamp, rules::none);
        f("StreamARN", m.stream_arn, rules::none);
    }
};

// One that is named: by its ARN, or by its stream's and its name.
struct ConsumerRequest {
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> consumer_name;
    std::optional<std::string_view> consumer_arn;
    std::optional<std::string_view> stream_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::arn);
        f("ConsumerName", m.consumer_name, rules::name);
        f("ConsumerARN", m.consumer_arn, rules::consumer_arn);
        f("StreamId", m.stream_id, rules::stream_id);
    }
};

// At the end of a closed shard there is no number to continue from, but a list of children (KCL checks both).
struct SubscribeToShardEvent {
    std::vector<Record> records;
    std::optional<std::string> continuation_sequence_number;
    std::int64_t millis_behind_latest{};
    std::optional<std::vector<ChildShard>> child_shards;
    static constexpr void members(auto& m, auto& f) {
        f("Records", m.records, rules::none);
        f("ContinuationSequenceNumber", m.continuation_sequence_number, rules::none);
        f("MillisBehindLatest", m.millis_behind_latest, rules::none);
        f("ChildShards", m.child_shards, rules::none);
    }
};

}   // namespace sluice::kinesis
