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

inline constexpr std::size_t name_bytes = 249;        // Kafka: legal topic names
inline constexpr std::size_t config_bytes = 32'767;   // Kafka: what a text of the inflexible versions can hold
inline constexpr std::size_t tag_bytes = 4 * 256;     // AWS API, Tag: 256 characters
inline constexpr std::size_t place_bytes = 64;        // an account, a region

// Letters, digits, '.', '_' and '-', but not "." or "..": what Kafka takes as a topic's name.
bool good_name(std::string_view);
// A region or an account as it stands in an ARN: letters, digits, '-' and '_'.
bool good_place(std::string_view);
inline bool good_text(std::string_view text, std::size_t most) { return text.size() <= most && is_utf8(text); }

// The first thing that is wrong with the texts of a stream; empty when nothing is. For a new one and for a record that is read.
std::string_view fault_of_place(std::string_view account, std::string_view region);
template <class Map>
std::string_view fault_of_texts(const Map& configs, const Map& tags) {
    for (const auto& [key, value] : configs)
        if (!good_text(key, name_bytes) || !good_text(value, config_bytes)) return "a config is no text of at most 32767 bytes";
    for (const auto& [key, value] : tags)
        if (!good_text(key, tag_bytes) || !good_text(value, tag_bytes)) return "a tag is no text of at most 256 characters";
    return {};
}

}   // namespace sluice::streams::bounds
