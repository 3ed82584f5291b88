// Bytes of a connection, which come in pieces of any length: what is made of them must not depend on it.
#pragma once

#include "tests/fuzz/target.h"

namespace sluice::fuzz {

// `told(bytes, next_size)` takes the bytes in pieces of at most next_size() each and yields what it saw as a text. The input's
// first word chooses pieces.
template <class Told>
void must_be_same_in_pieces(Bytes input, Told told) {
    Choices choices{input};
    const auto seed = choices.word();
    const auto bytes = choices.rest();
    const auto whole = told(bytes, [] { return std::size_t{1} << 20; });
    must(told(bytes, [] { return std::size_t{1}; }) == whole, "byte by byte is the same");
    std::uint32_t chance = seed;
    const auto some = [&] {
        chance = chance * 1664525 + 1013904223;
        return std::size_t{1 + (chance >> 16) % (seed % 97 + 1)};
    };
    must(told(bytes, some) == whole, "in pieces is the same");
}

}   // namespace sluice::fuzz
