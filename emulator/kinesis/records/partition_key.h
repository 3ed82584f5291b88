// How a Kafka record's key reads as a PartitionKey (rule 20). A key that is valid UTF-8 of 1 to 256 characters is itself.
// Anything else gets one fixed text form, so that the same key always shows the same way: no key is "kafka:null", an empty key is
// "kafka:empty", other bytes are "kafka:md5:" and the 32 hex digits of their MD5.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::kinesis {

// A view of the key's own bytes where they serve, else of a text put into `kept`.
std::string_view shown_partition_key(std::optional<std::span<const std::byte>> key, std::list<std::string>& kept);

}   // namespace sluice::kinesis
