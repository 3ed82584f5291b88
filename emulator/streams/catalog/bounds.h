// What a stored value may be: one list, asked when a value is accepted and when it is read back, so that what was accepted opens
// again (rule 31). Each bound says where it comes from; the ones without a source are ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/utf8.h"

namespace sluice::streams::bounds {

// AWS, "Quotas and limits": the shards that ListShards can show, in the largest regions. Binds streams with Kinesis' manners.
inline constexpr std::int32_t listed_shards = 20'000;
// Of topics with Kafka's manners.
inline constexpr std::int32_t topic_partitions = 200'000;
// Expired shards stay partitions, so that a stream that is split and merged for long has more than it shows. A split or merge
// beyond is refused.
inline constexpr std::int32_t partitions_ever = 200'000;

// Registered consumers of one stream: AWS's 20 or 50 are limits that can be taken away, this is ours for what is left.
inline constexpr std::size_t consumers = 10'000;
inline constexpr std::size_t consumer_bytes = 128;                     // AWS API, ConsumerName
inline constexpr std::int64_t latest_second = std::int64_t{1} << 40;   // of create seconds, which grow whatever the clock says

// Channels of one stream: AWS has one for each kind of destination, this is ours for what is left.
inline constexpr std::size_t channels = 100;
inline constexpr std::size_t most_freshness = 16;   // changes of a channel's freshness that are remembered
inline constexpr std::size_t channel_notes = 16, note_bytes = 4 * 2048;
inline constexpr std::size_t template_bytes = 1'024;   // AWS API, S3OutputKeyTemplate
inline constexpr std::size_t prefix_bytes = 512;       // AWS API, S3ErrorOutputPrefix

inline constexpr std::size_t name_bytes = 249;        // Kafka: legal topic names
inline constexpr std::size_t config_bytes = 32'767;   // Kafka: what a text of the inflexible versions can hold
inline constexpr std::size_t tag_bytes = 4 * 256;     // AWS API, Tag: 256 characters
inline constexpr std::size_t place_bytes = 64;        // an account, a region
inline constexpr std::size_t most_tags = 200;         // AWS API, TagMap; how many a stream may have is the door's to say
inline constexpr std::size_t key_bytes = 4 * 2048;    // AWS API, KeyId: 2048 characters
inline constexpr std::size_t policy_bytes = 20'480;
inline constexpr std::int32_t most_warm_mibps = 10'240;   // AWS API, UpdateStreamWarmThroughput: 10 GiB/s
// Of a shard. Each begins with a change of a stream's encryption and holds a record that is kept.
inline constexpr std::size_t most_encrypted_spans = 1'000;

// Letters, digits, '.', '_' and '-', but not "." or "..": what Kafka takes as a topic's name.
bool good_name(std::string_view);
// A region or an account as it stands in an ARN: letters, digits, '-' and '_'.
bool good_place(std::string_view);
inline bool good_text(std::string_view text, std::size_t most) { return text.size() <= most && is_utf8(text); }

// The first thing that is wrong with the texts of a stream; empty when nothing is. For a new one and for a record that is read.
std::string_view fault_of_place(std::string_view account, std::string_view region);
template <class Map>
std::string_view fault_of_texts(const Map& configs, const Map& tags) {
    if (tags.size() > most_tags) return "a stream has more than 200 tags";
    for (const auto& [key, value] : configs)
        if (!good_text(key, name_bytes) || !good_text(value, config_bytes)) return "a config is no text of at most 32767 bytes";
    for (const auto& [key, value] : tags)
        if (!good_text(key, tag_bytes) || !good_text(value, tag_bytes)) return "a tag is no text of at most 256 characters";
    return {};
}

std::string_view fault_of_key(std::string_view key);
std::string_view fault_of_policy(std::string_view policy);
// Of the two, and of shards 0 is none.
std::string_view fault_of_capacity(std::int64_t warm_mibps, std::int64_t shards);

}   // namespace sluice::streams::bounds
