// PutRecords: up to 500 records; a fault in one refuses the whole request, a throttle only that record.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct PutRecords {
    static constexpr std::string_view operation = "PutRecords";
    struct Entry {
        std::optional<Blob> data;
        std::optional<std::string_view> explicit_hash_key;
        std::optional<std::string_view> partition_key;
        static constexpr void members(auto& m, auto& f) {
            f("Data", m.data, rules::data);
            f("ExplicitHashKey", m.explicit_hash_key, rules::hash_key);
            f("PartitionKey", m.partition_key, rules::partition_key);
        }
    };
    std::optional<std::vector<Entry>> records;
    std::optional<std::string_view> stream_name;
    std::optional<std::string_view> stream_arn;
    std::optional<std::string_view> stream_id;
    std::optional<bool> dry_run;
    static constexpr void members(auto& m, auto& f) {
        f("Records", m.records, Rules{.required = true, .min_length = 1, .max_length = 500});
        f("StreamName", m.stream_name, rules::name);
        f("StreamARN", m.stream_arn, rules::arn);
        f("StreamId", m.stream_id, rules::stream_id);
        f("DryRun", m.dry_run, rules::none);
    }
    // Either the first two or the last two.
    struct ResultEntry {
        std::optional<SequenceText> sequence_number;
        std::optional<ShardIdText> shard_id;
        std::optional<std::string_view> error_code;
        std::optional<std::string> error_message;
        static constexpr void members(auto& m, auto& f) {
            f("SequenceNumber", m.sequence_number, rules::none);
            f("ShardId", m.shard_id, rules::none);
            f("ErrorCode", m.error_code, rules::none);
            f("ErrorMessage", m.error_message, rules::none);
        }
    };
    struct Result {
        std::int32_t failed_record_count{};
        std::vector<ResultEntry> records;
        std::optional<std::string_view> encryption_type;
        static constexpr void members(auto& m, auto& f) {
            f("FailedRecordCount", m.failed_record_count, rules::none);
            f("Records", m.records, rules::none);
            f("EncryptionType", m.encryption_type, rules::none);
        }
    };
};

}   // namespace sluice::kinesis
