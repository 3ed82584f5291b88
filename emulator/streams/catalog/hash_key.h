// The 128-bit space in which keys are placed: MD5 of the partition key, ranges of shards, decimal text both ways.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::streams {

// An unsigned 128-bit number; high word first, so the default order is the numeric one.
struct HashKey {
    std::uint64_t high{}, low{};
    friend auto operator<=>(const HashKey&, const HashKey&) = default;
    static constexpr HashKey max() { return {UINT64_MAX, UINT64_MAX}; }
};
struct HashRange {
    HashKey first, last;   // both inside
    bool contains(HashKey key) const { return first <= key && key <= last; }
    friend bool operator==(const HashRange&, const HashRange&) = default;
};

// MD5 of the UTF-8 bytes, big endian (AWS: "Partition Key").
HashKey hash_of(std::string_view partition_key);
// Decimal digits only; nothing when above 2^128 - 1 or not a number.
std::optional<HashKey> parse_hash_key(std::string_view decimal);
std::string to_string(HashKey);
HashKey next(HashKey);                       // + 1
HashKey previous(HashKey);                   // - 1
HashKey minus(HashKey from, HashKey less);   // precondition: less <= from
HashKey middle_of(const HashRange&);         // of an even number of keys the first of the upper half
// Even ranges for n shards: step = floor(2^128 / n), the last one ends at 2^128 - 1.
std::vector<HashRange> even_ranges(std::int32_t n);

}   // namespace sluice::streams
