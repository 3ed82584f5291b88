// What a member of a request must satisfy. Each operation lists its members once, with these, in `members`;
// decode, validate and encode are visitors of that list (schema.h). Source: the service model,
// botocore 1.44.5.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace sluice::kinesis {

// The text that AWS prints for a pattern, and a plain function that matches the whole value.
struct Pattern {
    std::string_view text;
    bool (*matches)(std::string_view);
};

// Unset bounds say "none". `*_length` counts characters of text, bytes of a blob, entries of a list or map.
struct Rules {
    static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
    bool required = false;
    std::int64_t min = none, max = none;
    std::int64_t min_length = none, max_length = none;
    const Pattern* pattern = nullptr;
    std::string_view one_of = {};                                    // "A, B, C" in the order AWS prints
    std::int64_t item_min_length = none, item_max_length = none;     // of a list's texts, or a map's keys
    std::string_view item_one_of = {};                               // of a list's texts, as one_of
    std::int64_t value_min_length = none, value_max_length = none;   // of a map's values
};

extern const Pattern name_pattern;           // stream names and shard ids
extern const Pattern arn_pattern;            // stream ARNs
extern const Pattern consumer_arn_pattern;   // of registered consumers
extern const Pattern resource_arn_pattern;   // ARNs of streams, their consumers, queues and channels
extern const Pattern queue_arn_pattern;      // of queues
extern const Pattern stream_id_pattern;
extern const Pattern hash_key_pattern;   // up to 39 digits
extern const Pattern sequence_pattern;   // up to 129 digits

namespace rules {
constexpr Rules none{};
constexpr Rules required{.required = true};
constexpr Rules name{.min_length = 1, .max_length = 128, .pattern = &name_pattern};
constexpr Rules required_name{.required = true, .min_length = 1, .max_length = 128, .pattern = &name_pattern};
constexpr Rules arn{.min_length = 1, .max_length = 2048, .pattern = &arn_pattern};
constexpr Rules required_arn{.required = true, .min_length = 1, .max_length = 2048, .pattern = &arn_pattern};
constexpr Rules consumer_arn{.min_length = 1, .max_length = 2048, .pattern = &consumer_arn_pattern};
constexpr Rules required_consumer_arn{.required = true, .min_length = 1, .max_length = 2048, .pattern = &consumer_arn_pattern};
constexpr Rules required_resource_arn{.required = true, .min_length = 1, .max_length = 2048, .pattern = &resource_arn_pattern};
constexpr Rules required_queue_arn{.required = true, .min_length = 1, .max_length = 2048, .pattern = &queue_arn_pattern};
constexpr Rules receipt_handle{.required = true, .min_length = 1, .max_length = 1024};
constexpr Rules visibility{.min = 0, .max = 43'200};
constexpr Rules required_visibility{.required = true, .min = 0, .max = 43'200};
constexpr Rules queue_entries{.required = true, .min_length = 1, .max_length = 10};
constexpr Rules stream_id{.min_length = 1, .max_length = 24, .pattern = &stream_id_pattern};
constexpr Rules partition_key{.min_length = 1, .max_length = 256};
constexpr Rules hash_key{.pattern = &hash_key_pattern};
constexpr Rules sequence{.pattern = &sequence_pattern};
constexpr Rules token{.min_length = 1, .max_length = 1'048'576};
// 10 MiB for any stream; the stream's own maximum is the engine's to check.
constexpr Rules data{.required = true, .max_length = 10'485'760};
constexpr Rules page{.min = 1, .max = 10'000};
constexpr Rules tags{.min_length = 1,
                     .max_length = 200,
                     .item_min_length = 1,
                     .item_max_length = 128,
                     .value_min_length = 0,
                     .value_max_length = 256};
constexpr Rules required_tags{.required = true,
                              .min_length = 1,
                              .max_length = 200,
                              .item_min_length = 1,
                              .item_max_length = 128,
                              .value_min_length = 0,
                              .value_max_length = 256};
constexpr Rules required_tag_keys{
    .required = true, .min_length = 1, .max_length = 50, .item_min_length = 1, .item_max_length = 128};
constexpr Rules required_metrics{.required = true,
                                 .min_length = 1,
                                 .max_length = 7,
                                 .item_one_of =
                                     "IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, "
                                     "WriteProvisionedThroughputExceeded, ReadProvisionedThroughputExceeded, "
                                     "IteratorAgeMilliseconds, ALL"};
}   // namespace rules

// The result of an operation that answers with an empty body.
struct NoResult {};

}   // namespace sluice::kinesis
