// Shapes of queues, which hand a stream's records out one by one. The operations on received records and those on dead letters
// have the same members.
#pragma once

#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct QueueStartingPosition {
    std::optional<std::string_view> type;
    std::optional<Time> timestamp;
    static constexpr void members(auto& m, auto& f) {
        f("Type", m.type, Rules{.required = true, .one_of = "TRIM_HORIZON, LATEST, AT_TIMESTAMP"});
        f("Timestamp", m.timestamp, rules::none);
    }
};

struct QueueStreamConfiguration {
    std::optional<std::string_view> stream_arn;
    std::optional<QueueStartingPosition> starting_position;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::required_arn);
        f("StartingPosition", m.starting_position, rules::none);
    }
};

struct DeadLetterConfiguration {
    std::optional<std::string_view> target_type;
    std::optional<std::int32_t> max_receive_count;
    static constexpr void members(auto& m, auto& f) {
        f("TargetType", m.target_type, Rules{.required = true, .one_of = "BUILT_IN, NONE"});
        f("MaxReceiveCount", m.max_receive_count, Rules{.min = 1, .max = 1000});
    }
};

struct QueueAttributes {
    std::optional<std::int32_t> visibility_timeout_seconds;
    std::optional<DeadLetterConfiguration> dead_letter_configuration;
    static constexpr void members(auto& m, auto& f) {
        f("VisibilityTimeoutSeconds", m.visibility_timeout_seconds, rules::visibility);
        f("DeadLetterConfiguration", m.dead_letter_configuration, rules::none);
    }
};

struct QueueDescription {
    std::string queue_name;
    std::string queue_arn;
    std::string_view queue_status;
    Time queue_creation_timestamp;
    struct Stream {
        std::string stream_arn;
        QueueStartingPosition starting_position;
        static constexpr void members(auto& m, auto& f) {
            f("StreamARN", m.stream_arn, rules::none);
            f("StartingPosition", m.starting_position, rules::none);
        }
    };
    std::vector<Stream> stream_configuration_list;
    QueueAttributes queue_attributes;
    static constexpr void members(auto& m, auto& f) {
        f("QueueName", m.queue_name, rules::none);
        f("QueueARN", m.queue_arn, rules::none);
        f("QueueStatus", m.queue_status, rules::none);
        f("QueueCreationTimestamp", m.queue_creation_timestamp, rules::none);
        f("StreamConfigurationList", m.stream_configuration_list, rules::none);
        f("QueueAttributes", m.queue_attributes, rules::none);
    }
};
// What CreateQueue, DescribeQueue and UpdateQueue answer.
struct DescribedQueue {
    QueueDescription queue_description;
    static constexpr void members(auto& m, auto& f) { f("QueueDescription", m.queue_description, rules::none); }
};

// ---- records ----

struct QueueRecord {
    std::string receipt_handle;
    SequenceText record_id;
    std::optional<std::string_view> partition_key;
    Blob data;
    Time approximate_arrival_timestamp;
    Time first_receive_timestamp;
    std::int32_t receive_count{};
    static constexpr void members(auto& m, auto& f) {
        f("ReceiptHandle", m.receipt_handle, rules::none);
        f("RecordId", m.record_id, rules::none);
        f("PartitionKey", m.partition_key, rules::none);
        f("Data", m.data, rules::none);
        f("ApproximateArrivalTimestamp", m.approximate_arrival_timestamp, rules::none);
        f("FirstReceiveTimestamp", m.first_receive_timestamp, rules::none);
        f("ReceiveCount", m.receive_count, rules::none);
    }
};

struct ReceiveRequest {
    std::optional<std::string_view> queue_arn;
    std::optional<std::int32_t> limit;
    std::optional<std::int32_t> wait_time_seconds;
    std::optional<std::int32_t> visibility_timeout_seconds;
    static constexpr void members(auto& m, auto& f) {
        f("QueueARN", m.queue_arn, rules::required_queue_arn);
        f("Limit", m.limit, Rules{.min = 1, .max = 10});
        f("WaitTimeSeconds", m.wait_time_seconds, Rules{.min = 1, .max = 20});
        f("VisibilityTimeoutSeconds", m.visibility_timeout_seconds, rules::visibility);
    }
    struct Result {
        std::vector<QueueRecord> queue_records;
        static constexpr void members(auto& m, auto& f) { f("QueueRecords", m.queue_records, rules::none); }
    };
};

// The answer of each batch: an entry is in one of the two.
struct SettledEntries {
    struct Done {
        std::string_view receipt_handle;
        static constexpr void members(auto& m, auto& f) { f("ReceiptHandle", m.receipt_handle, rules::none); }
    };
    struct Fault {
        std::string_view receipt_handle;
        std::string_view error_code;
        std::string error_message;
        static constexpr void members(auto& m, auto& f) {
            f("ReceiptHandle", m.receipt_handle, rules::none);
            f("ErrorCode", m.error_code, rules::none);
            f("ErrorMessage", m.error_message, rules::none);
        }
    };
    std::vector<Done> successful;
    std::vector<Fault> failed;
    static constexpr void members(auto& m, auto& f) {
        f("Successful", m.successful, rules::none);
        f("Failed", m.failed, rules::none);
    }
};

// Acknowledge and Restore name deliveries.
struct SettleRequest {
    std::optional<std::string_view> queue_arn;
    struct Entry {
        std::optional<std::string_view> receipt_handle;
        static constexpr void members(auto& m, auto& f) { f("ReceiptHandle", m.receipt_handle, rules::receipt_handle); }
    };
    std::optional<std::vector<Entry>> entries;
    static constexpr void members(auto& m, auto& f) {
        f("QueueARN", m.queue_arn, rules::required_queue_arn);
        f("Entries", m.entries, rules::queue_entries);
    }
    using Result = SettledEntries;
};

// A change of visibility says how long it is from now.
struct VisibilityRequest {
    std::optional<std::string_view> queue_arn;
    struct Entry {
        std::optional<std::string_view> receipt_handle;
        std::optional<std::int32_t> visibility_timeout_seconds;
        static constexpr void members(auto& m, auto& f) {
            f("ReceiptHandle", m.receipt_handle, rules::receipt_handle);
            f("VisibilityTimeoutSeconds", m.visibility_timeout_seconds, rules::required_visibility);
        }
    };
    std::optional<std::vector<Entry>> entries;
    static constexpr void members(auto& m, auto& f) {
        f("QueueARN", m.queue_arn, rules::required_queue_arn);
        f("Entries", m.entries, rules::queue_entries);
    }
    using Result = SettledEntries;
};

}   // namespace sluice::kinesis
