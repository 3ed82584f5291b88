// The bulk of a base64 text, 32 characters at a time where the processor can (AVX2, asked at run time). What is left, and
// what is wrong, is for base64.cpp to handle character by character.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::kinesis {

// Each yields how many bytes of its input it did: a multiple of 24 and of 32, maybe zero. Neither touches a byte behind
// the room its whole input would need.
std::size_t encode_base64_bulk(std::string_view bytes, char* out);
// Stops before the first block with a character outside the alphabet.
std::size_t decode_base64_bulk(std::string_view text, char* out);

}   // namespace sluice::kinesis
