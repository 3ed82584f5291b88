// The names of a channel's objects: a template with variables, checked when a channel is made and when it is read back, and the
// key that comes of it. A key names a file below a folder, so nothing in it may lead out of there. Source of variables and rules:
// AWS, "S3 output key template for Amazon S3 delivery" (Kinesis Data Streams developer guide).
#pragma once

#include <string>
#include <string_view>

#include "emulator/runtime/clock.h"
#include "storage/store.h"

namespace sluice::streams {

// The first thing that is wrong, as the second half of a sentence; empty: nothing is.
std::string_view fault_of_key_template(std::string_view, bool compressed);
std::string_view fault_of_key_prefix(std::string_view);   // what stands before the keys of what cannot be carried
// 3 to 63 lower-case letters, digits, '.', '_' and '-', the first and last a letter or digit, no two dots in a row.
bool good_bucket(std::string_view);

// What the variables stand for, and what makes a key the only one of its kind: the suffix is `-ID-SHARD-POSITION`, of the id its
// first 8 characters. So an object that is written once more has the same name.
struct ObjectName {
    std::string_view channel, id, stream;
    Time begun;                   // UTC
    std::string_view extension;   // of the compression, like ".gz"; may be empty
    std::int32_t shard{};
    storage::Position first{};
};
// Precondition: the template is without a fault. The suffix stands before the extension.
std::string object_key(std::string_view key_template, const ObjectName&);
// The longest that a key of such a channel can be, and the longest part of one between slashes.
struct KeySizes {
    std::size_t whole{}, part{};
};
KeySizes longest_key(std::string_view key_template, ObjectName);

inline constexpr std::size_t most_key_bytes = 1'024;   // AWS S3, "Object key naming"
inline constexpr std::size_t most_part_bytes = 255;    // of a file's name, on all usual file systems

}   // namespace sluice::streams
