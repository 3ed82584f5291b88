// Every bound of what the engine stores, in one list. Acceptance and load ask the same lines (rule 31): what a client, a control
// call or a flag was allowed to store is what a folder may hold, and nothing else. Each yields whether the value is within it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "emulator/streams/stream.h"

namespace sluice::streams::bounds {

// ---- counts ----
// AWS, "Quotas and limits", the largest regions: of shards that are open or that ListShards can show.
inline constexpr std::int32_t kinesis_shards = 20'000;
inline constexpr std::int32_t kafka_partitions = 200'000;
// Partitions ever made of a stream: a shard that retention has emptied stays as one. A split or merge beyond is refused.
inline constexpr std::int32_t shards_ever = 200'000;
constexpr std::int32_t shards(Manners manners) { return manners == Manners::kinesis ? kinesis_shards : kafka_partitions; }

// Counters and ids: sums of a few of them stay far from 2^63.
inline constexpr std::int64_t largest_count = std::int64_t{1} << 60;
constexpr bool count(std::uint64_t value) { return value < static_cast<std::uint64_t>(largest_count); }

// Of any of the four rates and of a record: buckets count in thousandths.
constexpr bool rate(std::int64_t value) { return value >= 0 && value <= most_per_second; }
constexpr bool rates(const StreamLimits& limits) {
    return rate(limits.write_bytes_per_second) && rate(limits.write_records_per_second) && rate(limits.read_bytes_per_second) &&
           rate(limits.read_calls_per_second);
}

// ---- times (rule 32): 1970-01-01 to 2477-01-01, and a day for a delay that was added to a clock's last moment ----
inline constexpr std::int64_t latest_ms = 15'999'465'600'000 + 86'400'000;
constexpr bool moment(std::int64_t ms) { return ms >= 0 && ms <= latest_ms; }
constexpr bool retention(std::int64_t ms) { return ms >= -1; }   // -1: for ever

// ---- texts: UTF-8 in its shortest form, which is what Protobuf's strings hold; control characters are welcome ----
inline constexpr std::size_t config_key_bytes = 249, config_value_bytes = 32'767;   // Kafka's short strings
inline constexpr std::size_t tag_key_bytes = 512, tag_value_bytes = 1'024;          // AWS API: 128 and 256 characters
inline constexpr std::size_t place_bytes = 64, profile_bytes = 64;                  // account, region; limits
inline constexpr std::size_t most_pairs = 1'000;                                    // configs, tags
bool utf8(std::string_view);
bool text(std::string_view value, std::size_t most_bytes);
bool name(std::string_view);   // 1..249 of [a-zA-Z0-9._-], not "." or ".."
template <class Pairs>
bool pairs(const Pairs& all, std::size_t key_bytes, std::size_t value_bytes) {
    return static_cast<std::size_t>(all.size()) <= most_pairs && std::ranges::all_of(all, [&](const auto& one) {
               return !one.first.empty() && text(one.first, key_bytes) && text(one.second, value_bytes);
           });
}
template <class Pairs>
bool configs(const Pairs& all) {
    return pairs(all, config_key_bytes, config_value_bytes);
}
template <class Pairs>
bool tags(const Pairs& all) {
    return pairs(all, tag_key_bytes, tag_value_bytes);
}

}   // namespace sluice::streams::bounds
