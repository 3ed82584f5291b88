#include "emulator/streams/catalog/hash_key.h"

#define OPENSSL_SUPPRESS_DEPRECATED   // the one-shot MD5: the general interface costs more than the digest
#include <openssl/md5.h>

namespace sluice::streams {
namespace {

using Wide = unsigned __int128;
constexpr Wide wide(HashKey key) { return Wide{key.high} << 64 | key.low; }
constexpr HashKey narrow(Wide value) { return {static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)}; }

}   // namespace

HashKey hash_of(std::string_view partition_key) {
    unsigned char digest[MD5_DIGEST_LENGTH];
    MD5(reinterpret_cast<const unsigned char*>(partition_key.data()), partition_key.size(), digest);
    HashKey key;
    for (int i = 0; i < 8; ++i) {
        key.high = key.high << 8 | digest[i];
        key.low = key.low << 8 | digest[i + 8];
    }
    return key;
}

std::optional<HashKey> parse_hash_key(std::string_view decimal) {
    if (decimal.empty()) return {};
    Wide value = 0;
    for (const char c : decimal) {
        if (c < '0' || c > '9') return {};
        const auto digit = static_cast<unsigned>(c - '0');
        if (value > (~Wide{0} - digit) / 10) return {};
        value = value * 10 + digit;
    }
    return narrow(value);
}

std::string to_string(HashKey key) {
    char digits[40];
    char* at = digits + sizeof digits;
    auto value = wide(key);
    do {
        *--at = static_cast<char>('0' + static_cast<int>(value % 10));
        value /= 10;
    } while (value != 0);
    return {at, static_cast<std::size_t>(digits + sizeof digits - at)};
}

HashKey next(HashKey key) { return narrow(wide(key) + 1); }
HashKey previous(HashKey key) { return narrow(wide(key) - 1); }
HashKey minus(HashKey from, HashKey less) { return narrow(wide(from) - wide(less)); }
HashKey middle_of(const HashRange& range) { return narrow(wide(range.last) - (wide(range.last) - wide(range.first)) / 2); }

std::vector<HashRange> even_ranges(std::int32_t n) {
    // floor(2^128 / n) without 2^128: (2^128 - 1) / n, one more when n divides 2^128.
    const auto count = static_cast<unsigned>(n);
    const Wide most = ~Wide{0};
    const Wide step = n == 1 ? 0 : most / count + (most % count == count - 1 ? 1 : 0);
    std::vector<HashRange> ranges;
    ranges.reserve(count);
    for (unsigned i = 0; i < count; ++i)
        ranges.push_back({narrow(step * i), i + 1 == count ? HashKey::max() : narrow(step * (i + 1) - 1)});
    return ranges;
}

}   // namespace sluice::streams
