// Shapes of channels. Most stand in requests and in answers alike.
#pragma once

#include "protocol/kinesis/channel_rules.h"
#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct RecordConfiguration {
    std::optional<std::string_view> record_format_type;
    std::optional<std::string_view> gsr_schema_arn;
    static constexpr void members(auto& m, auto& f) {
        f("RecordFormatType", m.record_format_type, Rules{.required = true, .one_of = "GSR_JSON, JSON, STRING, BYTE_ARRAY"});
        f("GSRSchemaARN", m.gsr_schema_arn, rules::schema_arn);
    }
};

struct ChannelStreamConfiguration {
    std::optional<std::string_view> stream_arn;
    std::optional<RecordConfiguration> record_configuration;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::required_arn);
        f("RecordConfiguration", m.record_configuration, rules::required);
    }
};

struct DeadLetterQueueS3Configuration {
    std::optional<std::string_view> bucket_arn;
    std::optional<std::string_view> expected_bucket_owner;
    std::optional<std::string_view> error_output_prefix;
    static constexpr void members(auto& m, auto& f) {
        f("BucketARN", m.bucket_arn, rules::required_bucket);
        f("ExpectedBucketOwner", m.expected_bucket_owner, rules::required_owner);
        f("ErrorOutputPrefix", m.error_output_prefix, rules::key_prefix);
    }
};

struct S3StorageConfiguration {
    std::optional<std::string_view> bucket_arn;
    std::optional<std::string_view> expected_bucket_owner;
    std::optional<std::string_view> output_key_template;
    std::optional<std::string_view> storage_class;
    std::optional<std::string_view> compression_type;
    static constexpr void members(auto& m, auto& f) {
        f("BucketARN", m.bucket_arn, rules::required_bucket);
        f("ExpectedBucketOwner", m.expected_bucket_owner, rules::required_owner);
        f("OutputKeyTemplate", m.output_key_template, rules::key_template);
        f("StorageClass", m.storage_class, Rules{.one_of = "STANDARD, INTELLIGENT_TIERING, GLACIER_IR"});
        f("CompressionType", m.compression_type, Rules{.required = true, .one_of = "NONE, GZIP, ZSTD"});
    }
};

struct S3DestinationConfiguration {
    std::optional<std::int32_t> data_freshness_in_seconds;
    std::optional<DeadLetterQueueS3Configuration> dead_letter_queue_s3_configuration;
    std::optional<S3StorageConfiguration> storage_configuration;
    static constexpr void members(auto& m, auto& f) {
        f("DataFreshnessInSeconds", m.data_freshness_in_seconds, rules::none);
        f("DeadLetterQueueS3Configuration", m.dead_letter_queue_s3_configuration, rules::none);
        f("StorageConfiguration", m.storage_configuration, rules::required);
    }
};

struct PartitionField {
    std::optional<std::string_view> transform;
    std::optional<std::string_view> source_name;
    static constexpr void members(auto& m, auto& f) {
        f("Transform", m.transform, Rules{.required = true, .one_of = "TIME_HOUR"});
        f("SourceName", m.source_name, rules::required_source_name);
    }
};

struct PartitionSpec {
    std::optional<std::vector<PartitionField>> partition_fields;
    static constexpr void members(auto& m, auto& f) {
        f("PartitionFields", m.partition_fields, rules::required_partition_fields);
    }
};

struct S3TablesConfiguration {
    std::optional<std::string_view> table_bucket_arn;
    std::optional<std::string_view> table_namespace;
    std::optional<std::string_view> table_name;
    std::optional<std::string_view> compression_type;
    std::optional<PartitionSpec> partition_spec;
    static constexpr void members(auto& m, auto& f) {
        f("TableBucketARN", m.table_bucket_arn, rules::required_table_bucket);
        f("Namespace", m.table_namespace, rules::required_table_name);
        f("TableName", m.table_name, rules::required_table_name);
        f("CompressionType", m.compression_type, Rules{.required = true, .one_of = "NONE, ZSTD, SNAPPY"});
        f("PartitionSpec", m.partition_spec, rules::none);
    }
};

struct S3TablesDestinationConfiguration {
    std::optional<std::int32_t> data_freshness_in_seconds;
    std::optional<DeadLetterQueueS3Configuration> dead_letter_queue_s3_configuration;
    std::optional<std::vector<S3TablesConfiguration>> s3_tables_configuration_list;
    static constexpr void members(auto& m, auto& f) {
        f("DataFreshnessInSeconds", m.data_freshness_in_seconds, rules::none);
        f("DeadLetterQueueS3Configuration", m.dead_letter_queue_s3_configuration, rules::required);
        f("S3TablesConfigurationList", m.s3_tables_configuration_list, rules::required_entries);
    }
};

struct ChannelEncryptionConfiguration {
    std::optional<std::string_view> encryption_type;
    std::optional<std::string_view> key_id;
    static constexpr void members(auto& m, auto& f) {
        f("EncryptionType", m.encryption_type, Rules{.required = true, .one_of = "KMS"});
        f("KeyId", m.key_id, rules::required_key);
    }
};

struct CloudWatchLogs {
    std::optional<bool> enabled;
    std::optional<std::string_view> log_group_name;
    std::optional<std::string_view> log_stream_name;
    static constexpr void members(auto& m, auto& f) {
        f("Enabled", m.enabled, rules::required);
        f("LogGroupName", m.log_group_name, rules::log_group);
        f("LogStreamName", m.log_stream_name, rules::log_stream);
    }
};

struct ChannelLoggingConfiguration {
    std::optional<CloudWatchLogs> cloud_watch_logs;
    static constexpr void members(auto& m, auto& f) { f("CloudWatchLogs", m.cloud_watch_logs, rules::required); }
};

// Of either destination: nothing else of it can be changed.
struct DestinationUpdateInput {
    std::optional<std::int32_t> data_freshness_in_seconds;
    static constexpr void members(auto& m, auto& f) { f("DataFreshnessInSeconds", m.data_freshness_in_seconds, rules::required); }
};

struct StreamFilter {
    std::optional<std::string_view> stream_arn;
    std::optional<Time> stream_creation_timestamp;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::required_arn);
        f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
    }
};

struct ChannelStreamDescription {
    std::string stream_arn;
    Time stream_creation_timestamp;
    RecordConfiguration record_configuration;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::none);
        f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
        f("RecordConfiguration", m.record_configuration, rules::none);
    }
};

struct ChannelDescription {
    std::string channel_name;
    std::string channel_arn;
    std::string channel_id;
    std::string_view channel_status;
    Time channel_creation_timestamp;
    std::string service_execution_role_arn;
    std::vector<ChannelStreamDescription> stream_configuration_list;
    std::optional<S3DestinationConfiguration> s3_destination_configuration;
    std::optional<ChannelEncryptionConfiguration> encryption_configuration;
    ChannelLoggingConfiguration logging_configuration;
    static constexpr void members(auto& m, auto& f) {
        f("ChannelName", m.channel_name, rules::none);
        f("ChannelARN", m.channel_arn, rules::none);
        f("ChannelId", m.channel_id, rules::none);
        f("ChannelStatus", m.channel_status, rules::none);
        f("ChannelCreationTimestamp", m.channel_creation_timestamp, rules::none);
        f("ServiceExecutionRoleARN", m.service_execution_role_arn, rules::none);
        f("StreamConfigurationList", m.stream_configuration_list, rules::none);
        f("S3DestinationConfiguration", m.s3_destination_configuration, rules::none);
        f("EncryptionConfiguration", m.encryption_configuration, rules::none);
        f("LoggingConfiguration", m.logging_configuration, rules::none);
    }
};

struct ChannelStreamIdentifier {
    std::string stream_arn;
    Time stream_creation_timestamp;
    static constexpr void members(auto& m, auto& f) {
        f("StreamARN", m.stream_arn, rules::none);
        f("StreamCreationTimestamp", m.stream_creation_timestamp, rules::none);
    }
};

struct ChannelSummary {
    std::string channel_name;
    std::string channel_arn;
    std::string channel_id;
    std::string_view channel_status;
    Time channel_creation_timestamp;
    std::string_view channel_destination_type;
    std::vector<ChannelStreamIdentifier> streams;
    static constexpr void members(auto& m, auto& f) {
        f("ChannelName", m.channel_name, rules::none);
        f("ChannelARN", m.channel_arn, rules::none);
        f("ChannelId", m.channel_id, rules::none);
        f("ChannelStatus", m.channel_status, rules::none);
        f("ChannelCreationTimestamp", m.channel_creation_timestamp, rules::none);
        f("ChannelDestinationType", m.channel_destination_type, rules::none);
        f("Streams", m.streams, rules::none);
    }
};

}   // namespace sluice::kinesis
