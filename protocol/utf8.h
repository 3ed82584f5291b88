// UTF-8 as Unicode defines it: shortest form, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

bool is_utf8(std::string_view text);
// The text with U+FFFD in place of each part that is none, as Java and browsers decode it (Unicode 15, 3.9: maximal subparts).
// `to` has room for three times its bytes; yields the end.
char* put_repaired(std::string_view text, char* to);
std::string repaired(std::string_view text);
// The text's beginning, at most so many bytes and no part of a character; precondition: valid UTF-8.
std::string_view whole_characters(std::string_view text, std::size_t most_bytes);
// The number of characters; precondition: valid UTF-8.
std::size_t characters(std::string_view text);
// As Java counts them: a character above U+FFFF is two. Same precondition.
std::size_t utf16_units(std::string_view text);
// Writes one to four bytes and yields the place after them; precondition: a valid code point.
char* put_utf8(char32_t code, char* to);

}   // namespace sluice
