// Every limit, one line each, with its source. A profile is a named set of them; its stream half is applied by the engine
// to every door (rules 10-12). 0 means unlimited.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "emulator/runtime/clock.h"

namespace sluice::streams {

struct StreamLimits {
    std::int64_t write_bytes_per_second = 0;      // per shard, data + partition key
    std::int64_t write_records_per_second = 0;    // per shard
    std::int64_t read_bytes_per_second = 0;       // per shard, shared by GetRecords and Fetch
    std::int64_t read_calls_per_second = 0;       // per shard, GetRecords
    std::int64_t iterator_calls_per_second = 0;   // per open shard, GetShardIterator
    std::int64_t read_records_per_second = 0;     // per shard, shared by GetRecords and Fetch
    std::int64_t write_burst_bytes = 0;           // how much a shard's write bucket holds; 0: as the server was told
    std::array<std::int64_t, 7> all() const {
        return {write_bytes_per_second,    write_records_per_second, read_bytes_per_second, read_calls_per_second,
                iterator_calls_per_second, read_records_per_second,  write_burst_bytes};
    }
    friend bool operator==(const StreamLimits&, const StreamLimits&) = default;
};

// Into a message that has a field for each: the stored one, and the control plane's.
template <class Message>
void write_limits(Message& out, const StreamLimits& limits) {
    out.set_write_bytes_per_second(limits.write_bytes_per_second);
    out.set_write_records_per_second(limits.write_records_per_second);
    out.set_read_bytes_per_second(limits.read_bytes_per_second);
    out.set_read_calls_per_second(limits.read_calls_per_second);
    out.set_iterator_calls_per_second(limits.iterator_calls_per_second);
    out.set_read_records_per_second(limits.read_records_per_second);
    out.set_write_burst_bytes(limits.write_burst_bytes);
}

// AWS, "Quotas and limits" (Kinesis Data Streams): 1 MiB/s and 1,000 records/s in, 2 MiB/s and 5 GetRecords a second out, 5
// GetShardIterator a second, per shard.
inline constexpr StreamLimits kinesis_limits{1 << 20, 1'000, 2 << 20, 5, 5, 0};
// The same page names 2,000 records a second out, too; nobody has seen AWS refuse for it (rule 10).
inline constexpr StreamLimits strict_limits{1 << 20, 1'000, 2 << 20, 5, 5, 2'000};
inline constexpr StreamLimits no_limits{};
// Of any of these rates: buckets count in thousandths, and a sum of a few of them stays far from 2^63.
inline constexpr std::int64_t most_per_second = std::int64_t{1} << 40;

inline constexpr std::int32_t default_retention_hours = 24;     // AWS, "Changing the data retention period"
inline constexpr std::int32_t max_retention_hours = 8'760;      // same page
inline constexpr std::int64_t default_record_bytes = 1 << 20;   // AWS API, MaxRecordSizeInKiB 1,024 by default
inline constexpr std::int64_t max_record_bytes = 10 << 20;      // same, 10,240 at most
inline constexpr std::int32_t on_demand_streams = 50;           // AWS, "Quotas and limits": told by DescribeLimits
inline constexpr std::int32_t streams_in_creation = 5;          // AWS API, CreateStream
// AWS, "Quotas and limits": open shards of an account, by region; the smaller ones were 1,000 or 6,000, of which this is the
// larger.
inline std::int32_t account_shards(std::string_view region) {
    return region == "us-east-1" || region == "us-west-2" || region == "eu-west-1" ? 20'000 : 6'000;
}
inline constexpr std::int32_t scaled_shards = 10'000;         // AWS API, UpdateShardCount
inline constexpr std::int32_t on_demand_shards = 4;           // AWS, "Choose the right mode": a new one has 4 MB/s
inline constexpr std::int64_t put_records_bytes = 10 << 20;   // AWS API, PutRecords: whole request with keys
inline constexpr std::int64_t get_records_bytes = 10 << 20;   // AWS API, GetRecords
inline constexpr std::int32_t get_records_count = 10'000;     // same
inline constexpr std::int64_t iterator_life_ms = 300'000;     // AWS API, GetShardIterator
// AWS API, SubscribeToShard: the same consumer and shard again within 5 s is refused; a subscription lasts 5 minutes, and an
// event comes at least every 5 s. Its 2 MiB/s are a shard's read_bytes_per_second, once more for each consumer.
inline constexpr milliseconds subscription_pause{5'000}, subscription_life{300'000}, subscription_beat{5'000};
inline constexpr std::size_t consumers_per_stream = 20, consumers_creating = 5;   // AWS, "Quotas and limits"; same API page
inline constexpr std::int64_t default_topic_retention_ms = 604'800'000;           // Kafka 4.4, retention.ms

// Rule 10: a shard's write bucket holds one second of its rate, or what somebody asked for, and at least one record of the
// largest size. `server`: --write-burst, 0 is none.
inline std::int64_t write_capacity(const StreamLimits& limits, std::int64_t server, std::int64_t largest_record) {
    if (limits.write_bytes_per_second == 0) return 0;
    const auto asked = limits.write_burst_bytes != 0 ? limits.write_burst_bytes : server;
    return std::max(asked != 0 ? asked : limits.write_bytes_per_second, largest_record);
}

// What people are shown: the profile's name while the limits are its own, else "custom".
std::string_view limits_name(std::string_view profile, const StreamLimits&);
// "kinesis", "kinesis-strict", "kafka", "none"; nothing for an unknown name.
std::optional<StreamLimits> profile(std::string_view name);

}   // namespace sluice::streams
