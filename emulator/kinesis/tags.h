// Tags of a stream or a consumer, which two families of operations change and CreateStream and RegisterStreamConsumer set: one
// check, in AWS's words, and one way to store them. Kafka has no such thing and shows none.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "emulator/kinesis/call.h"
#include "emulator/kinesis/resources.h"
#include "protocol/kinesis/values.h"

namespace sluice::kinesis {

inline constexpr std::size_t most_tags = 50;   // AWS API, AddTagsToStream

// What is wrong with tags for a stream that has so many others.
std::optional<Error> fault_of_tags(const Call&, std::string_view stream, const TextMap& tags, std::size_t others);
// Both answer once it is stored. Nothing: it is done.
Task<std::optional<Error>> add_tags(Call&, Resource, const TextMap& tags);
Task<std::optional<Error>> remove_tags(Call&, Resource, const std::vector<std::string_view>& keys);
std::vector<Tag> tags_of(const Resource&);

}   // namespace sluice::kinesis
