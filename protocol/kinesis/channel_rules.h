// The constraints on members of channels, apart from those that other operations share. Source: the service model,
// botocore 1.44.8.
#pragma once

#include "protocol/kinesis/rules.h"

namespace sluice::kinesis {

extern const Pattern channel_arn_pattern;
extern const Pattern role_arn_pattern;
extern const Pattern schema_arn_pattern;   // AWS Glue Schema Registry
extern const Pattern bucket_arn_pattern;
extern const Pattern account_pattern;
extern const Pattern key_prefix_pattern, key_template_pattern;
extern const Pattern table_bucket_arn_pattern, table_name_pattern, source_name_pattern;
extern const Pattern log_group_pattern, log_stream_pattern;

// `arn:aws.*:kinesis:.*:\d{12}` and then the resource, like ":stream/", and \S+.
bool is_arn_of(std::string_view text, std::string_view resource);

namespace rules {
constexpr Rules required_channel_arn{.required = true, .min_length = 1, .max_length = 2048, .pattern = &channel_arn_pattern};
constexpr Rules required_role{.required = true, .min_length = 1, .max_length = 512, .pattern = &role_arn_pattern};
constexpr Rules schema_arn{.min_length = 1, .max_length = 512, .pattern = &schema_arn_pattern};
constexpr Rules required_bucket{.required = true, .min_length = 1, .max_length = 2048, .pattern = &bucket_arn_pattern};
constexpr Rules required_owner{.required = true, .min_length = 12, .max_length = 12, .pattern = &account_pattern};
constexpr Rules key_prefix{.min_length = 1, .max_length = 512, .pattern = &key_prefix_pattern};
constexpr Rules key_template{.min_length = 1, .max_length = 1024, .pattern = &key_template_pattern};
constexpr Rules required_table_bucket{
    .required = true, .min_length = 1, .max_length = 2048, .pattern = &table_bucket_arn_pattern};
constexpr Rules required_table_name{.required = true, .min_length = 1, .max_length = 255, .pattern = &table_name_pattern};
constexpr Rules required_source_name{.required = true, .min_length = 1, .max_length = 255, .pattern = &source_name_pattern};
constexpr Rules required_partition_fields{.required = true, .min_length = 1, .max_length = 10};
constexpr Rules log_group{.min_length = 1, .max_length = 512, .pattern = &log_group_pattern};
constexpr Rules log_stream{.min_length = 1, .max_length = 512, .pattern = &log_stream_pattern};
constexpr Rules required_key{.required = true, .min_length = 1, .max_length = 2048};
constexpr Rules required_entries{.required = true, .min_length = 1, .max_length = 10'000};
constexpr Rules entries{.min_length = 1, .max_length = 10'000};
}   // namespace rules

}   // namespace sluice::kinesis
