// PutRecord: PartitionKey is optional in the current model (streams with the AUTO strategy ignore it).
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct PutRecord {
    static constexpr std::string_view operation = "PutRecord";
    std::optional<std::string_view> stream_name;
    std::optional<Blob> data;
    std::optional<std::string_view> partition_key;
    std::optional<std::string_view> explicit_hash_key;
    std::optional<std::string_view> sequence_number_for_ordering;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    std::optional<bool> dry_run;
    static constexpr void members(auto& m, auto& f) {
        f("StreamName", m.stream_name, rules::name);
        f("Data", m.data, rules::data);
        f("PartitionKey", m.partition_key, rules::partition_key);
        f("ExplicitHashKey", m.explicit_hash_key, rules::hash_key);
        f("SequenceNumberForOrdering", m.sequence_number_for_ordering, rules::sequence);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("DryRun", m.dry_run, rules::none);
    }
    struct Result {
        ShardIdText shard_id;
        SequenceText sequence_number;
        std::optional<std::string_view> encryption_type;
        static constexpr void members(auto& m, auto& f) {
            f("ShardId", m.shard_id, rules::none);
            f("SequenceNumber", m.sequence_number, rules::none);
            f("EncryptionType", m.encryption_type, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
