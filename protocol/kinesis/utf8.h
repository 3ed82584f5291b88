// UTF-8 as Unicode defines it: shortest form, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::kinesis {

bool is_utf8(std::string_view text);
// The number of characters; precondition: valid UTF-8.
std::size_t characters(std::string_view text);
// Writes one to four bytes and yields the place after them; precondition: a valid code point.
char* put_utf8(char32_t code, char* to);

}   // namespace sluice::kinesis
