// Base64 with the standard alphabet and padding, as strict as the service: three ways to be wrong, in its
// words.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace sluice::kinesis {

constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

// Writes the encoding of `bytes`, base64_size of them, and yields its end.
char* put_base64(char* to, std::string_view bytes);

// Decodes into `out`, which has room for text.size() / 4 * 3 bytes, and yields how many were written; else
// the message of the SerializationException, which quotes the text.
std::expected<std::size_t, std::string> decode_base64(std::string_view text, char* out);

}   // namespace sluice::kinesis
