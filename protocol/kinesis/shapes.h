// Shapes that several operations share. Where a member is always sent it is plain; where it may be missing it
// is an optional, and an empty one is left out of the answer.
#pragma once

#include "protocol/kinesis/rules.h"
#include "protocol/kinesis/values.h"

namespace sluice::kinesis {

// In answers the mode is a literal.
struct StreamModeDetails {
    std::optional<std::string_view> stream_mode;
    static constexpr void members(auto& m, auto& f) {
        f("StreamMode", m.stream_mode, Rules{.required = true, .one_of = "PROVISIONED, ON_DEMAND"});
    }
};

struct HashKeyRange {
    std::string starting_hash_key;
    std::string ending_hash_key;
    static constexpr void members(auto& m, auto& f) {
        f("StartingHashKey", m.starting_hash_key, rules::none);
        f("EndingHashKey", m.ending_hash_key, rules::none);
    }
};

// An open shard has no end.
struct SequenceNumberRange {
    std::string starting_sequence_number;
    std::optional<std::string> ending_sequence_number;
    static constexpr void members(auto& m, auto& f) {
        f("StartingSequenceNumber", m.starting_sequence_number, rules::none);
        f("EndingSequenceNumber", m.ending_sequence_number, rules::none);
    }
};

struct Shard {
    ShardIdText shard_id;
    std::optional<ShardIdText> parent_shard_id;
    std::optional<ShardIdText> adjacent_parent_shard_id;
    HashKeyRange hash_key_range;
    SequenceNumberRange sequence_number_range;
    static constexpr void members(auto& m, auto& f) {
        f("ShardId", m.shard_id, rules::none);
        f("ParentShardId", m.parent_shard_id, rules::none);
        f("AdjacentParentShardId", m.adjacent_parent_shard_id, rules::none);
        f("HashKeyRange", m.hash_key_range, rules::none);
        f("SequenceNumberRange", m.sequence_number_range, rules::none);
    }
};

// KCL needs a non-empty ParentShards (a merged shard has two).
struct ChildShard {
    ShardIdText shard_id;
    std::vector<ShardIdText> parent_shards;
    HashKeyRange hash_key_range;
    static constexpr void members(auto& m, auto& f) {
        f("ShardId", m.shard_id, rules::none);
        f("ParentShards", m.parent_shards, rules::none);
        f("HashKeyRange", m.hash_key_range, rules::none);
    }
};

// Data and PartitionKey are views: the log entry must live until the answer is encoded.
struct Record {
    SequenceText sequence_number;
    std::optional<Time> approximate_arrival_timestamp;
    Blob data;
    std::optional<std::string_view> partition_key;
    std::optional<std::string_view> encryption_type;
    static constexpr void members(auto& m, auto& f) {
        f("SequenceNumber", m.sequence_number, rules::none);
        f("ApproximateArrivalTimestamp", m.approximate_arrival_timestamp, rules::none);
        f("Data", m.data, rules::none);
        f("PartitionKey", m.partition_key, rules::none);
        f("EncryptionType", m.encryption_type, rules::none);
    }
};

struct EnhancedMetrics {
    std::vector<std::string_view> shard_level_metrics;
    static constexpr void members(auto& m, auto& f) { f("ShardLevelMetrics", m.shard_level_metrics, rules::none); }
};

// The answer to both operations of enhanced monitoring.
struct EnhancedMonitoring {
    std::optional<std::string> stream_name;
    std::vector<std::string_view> current_shard_level_metrics;
    std::vector<std::string_view> desired_shard_level_metrics;
    std::optional<std::string> stream_arn;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::none);
        f("CurrentShardLevelMetrics", m.current_shard_level_metrics, rules::none);
        f("DesiredShardLevelMetrics", m.desired_shard_level_metrics, rules::none);
        f("StreamARN", m.stream_arn, rules::none);
    }
};

struct BillingCommitment {
    std::string_view status;
    std::optional<Time> started_at;
    std::optional<Time> ended_at;
    std::optional<Time> earliest_allowed_end_at;
    static constexpr void members(auto& m, auto& f) {
        f("Status", m.status, rules::none);
        f("StartedAt", m.started_at, rules::none);
        f("EndedAt", m.ended_at, rules::none);
        f("EarliestAllowedEndAt", m.earliest_allowed_end_at, rules::none);
    }
};

struct WarmThroughput {
    std::optional<std::int32_t> target_mibps;
    std::optional<std::int32_t> current_mibps;
    static constexpr void members(auto& m, auto& f) {
        f("TargetMiBps", m.target_mibps, rules::none);
        f("CurrentMiBps", m.current_mibps, rules::none);
    }
};

struct StreamDescription {
    std::string stream_name;
    std::string stream_arn;
    std::string_view stream_status;
    std::optional<StreamModeDetails> stream_mode_details;
    std::vector<Shard> shards;
    bool has_more_shards{};
    std::int32_t retention_period_hours{};
    Time stream_creation_timestamp;
    std::vector<EnhancedMetrics> enhanced_monitoring;
    std::optional<std::string_view> encryption_type;
    std::optional<std::string> key_id;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::none);
        f("StreamARN", m.stream_arn, rules::none);
        f("StreamStatus", m.stream_status, rules::none);
        f("StreamModeDetails", m.stream_mode_details, rules::none);
        f("Shards", m.shards, rules::none);
        f("HasMoreShards", m.has_more_shards, rules::none);
        f("RetentionPeriodHours", m.retention_period_hours, rules::none);
        f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
        f("EnhancedMonitoring", m.enhanced_monitoring, rules::none);
        f("EncryptionType", m.encryption_type, rules::none);
        f("KeyId", m.key_id, rules::none);
    }
};

// Leave StreamId out: clients that get one stop using a custom endpoint (run: botocore 1.44.5).
struct StreamDescriptionSummary {
    std::string stream_name;
    std::string stream_arn;
    std::optional<std::string> stream_id;
    std::string_view stream_status;
    std::optional<StreamModeDetails> stream_mode_details;
    std::int32_t retention_period_hours{};
    Time stream_creation_timestamp;
    std::vector<EnhancedMetrics> enhanced_monitoring;
    std::optional<std::string_view> encryption_type;
    std::optional<std::string> key_id;
    std::int32_t open_shard_count{};
    std::optional<std::int32_t> consumer_count;
    std::optional<WarmThroughput> warm_throughput;
    std::optional<std::int32_t> max_record_size_in_kib;
    std::optional<std::int32_t> channel_count;
    std::optional<std::string_view> record_distribution_strategy;
    std::optional<std::int32_t> queue_count;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::none);
        f("StreamARN", m.stream_arn, rules::none);
        f("StreamId", m.stream_id, rules::none);
        f("StreamStatus", m.stream_status, rules::none);
        f("StreamModeDetails", m.stream_mode_details, rules::none);
        f("RetentionPeriodHours", m.retention_period_hours, rules::none);
        f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
        f("EnhancedMonitoring", m.enhanced_monitoring, rules::none);
        f("EncryptionType", m.encryption_type, rules::none);
        f("KeyId", m.key_id, rules::none);
        f("OpenShardCount", m.open_shard_count, rules::none);
        f("ConsumerCount", m.consumer_count, rules::none);
        f("WarmThroughput", m.warm_throughput, rules::none);
        f("MaxRecordSizeInKiB", m.max_record_size_in_kib, rules::none);
        f("ChannelCount", m.channel_count, rules::none);
        f("RecordDistributionStrategy", m.record_distribution_strategy, rules::none);
        f("QueueCount", m.queue_count, rules::none);
    }
};

struct StreamSummary {
    std::string stream_name;
    std::string stream_arn;
    std::string_view stream_status;
    std::optional<StreamModeDetails> stream_mode_details;
    std::optional<Time> stream_creation_timestamp;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::none);
        f("StreamARN", m.stream_arn, rules::none);
        f("StreamStatus", m.stream_status, rules::none);
        f("StreamModeDetails", m.stream_mode_details, rules::none);
        f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
    }
};

struct Tag {
    std::string key;
    std::optional<std::string> value;
    static constexpr void members(auto& m, auto& f) {
        f("Key", m.key, rules::none);
        f("Value", m.value, rules::none);
    }
};

}   // namespace sluice::kinesis
