#include "emulator/streams/sequence.h"

#include <cstring>
#include <utility>

namespace sluice::streams {
namespace {

// Enough for any number a client may send (129 digits would not fit, and mean nothing).
struct Wide {
    std::uint64_t word[4]{};   // little end first
    bool overflow = false;
    void times_ten_plus(unsigned digit) {
        unsigned __int128 carry = digit;
        for (auto& w : word) {
            carry += static_cast<unsigned __int128>(w) * 10;
            w = static_cast<std::uint64_t>(carry);
            carry >>= 64;
        }
        overflow |= carry != 0;
    }
    // Leaves the quotient and yields the rest.
    std::uint64_t divide(std::uint64_t by) {
        unsigned __int128 rest = 0;
        for (int i = 3; i >= 0; --i) {
            if (rest == 0 && word[i] < by) {
                rest = std::exchange(word[i], 0);
                continue;
            }
            rest = rest << 64 | word[i];
            word[i] = static_cast<std::uint64_t>(rest / by);
            rest %= by;
        }
        return static_cast<std::uint64_t>(rest);
    }
    // Hex digits `at`..`at + count - 1` counted from the end, at most 16.
    std::uint64_t digits(int at, int count) const {
        const int bit = at * 4, index = bit / 64, shift = bit % 64;
        std::uint64_t value = word[index] >> shift;
        if (shift != 0 && index < 3) value |= word[index + 1] << (64 - shift);
        return count == 16 ? value : value & ((std::uint64_t{1} << (count * 4)) - 1);
    }
    // At most 16 digits, to where all are zero.
    void put(int at, int count, std::uint64_t value) {
        if (count < 16) value &= (std::uint64_t{1} << (count * 4)) - 1;
        const int bit = at * 4, index = bit / 64, shift = bit % 64;
        word[index] |= value << shift;
        if (shift != 0 && index < 3) word[index + 1] |= value >> (64 - shift);
    }
    int length() const {
        for (int at = 63; at >= 0; --at)
            if (digits(at, 1) != 0) return at + 1;
        return 0;
    }
};
constexpr auto two_digits = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = static_cast<char>('0' + (i % 2 == 0 ? i / 20 : i / 2 % 10));
    return pairs;
}();
constexpr std::uint64_t latest_create_s = 16'025'175'000;   // from here on numbers are invalid (seen: AWS 2015)

}  // namespace

// From the end, in hex digits: version 1, shard 8, second 9, zero 2, index 16, shard's low nibble 1, create second 9, a 2.
// Below 2^190, so two divisions by 10^19 leave three numbers of 19 digits each, the first with 18.
SequenceDigits digits_of(const Sequence& s) {
    Wide number;
    number.put(0, 1, 2);
    number.put(1, 8, static_cast<std::uint32_t>(s.shard));
    number.put(9, 9, static_cast<std::uint64_t>(s.arrived_s));
    number.put(20, 16, static_cast<std::uint64_t>(s.index));
    number.put(36, 1, static_cast<std::uint64_t>(s.shard) & 15);
    number.put(37, 9, static_cast<std::uint64_t>(s.created_s));
    number.put(46, 1, 2);
    SequenceDigits text;
    auto* end = text.data() + text.size();
    for (const int count : {19, 19, 18}) {
        auto part = number.divide(10'000'000'000'000'000'000u);
        for (int i = 0; i < count / 2; ++i, part /= 100) std::memcpy(end -= 2, two_digits.data() + part % 100 * 2, 2);
        if (count % 2 != 0) *--end = static_cast<char>('0' + part);
    }
    return text;
}

std::string to_string(const Sequence& s) {
    const auto digits = digits_of(s);
    return {digits.data(), digits.size()};
}

std::optional<Sequence> parse_sequence(std::string_view text) {
    Wide number;
    if (text.empty()) return {};
    for (const char c : text) {
        if (c < '0' || c > '9') return {};
        number.times_ten_plus(static_cast<unsigned>(c - '0'));
        if (number.overflow) return {};
    }
    // Small numbers stand for version 0 with the leading bit left out: 2^124 is added before parsing.
    if (number.length() <= 31) number.put(31, 1, 1);
    Sequence s;
    if (number.length() == 47 && number.digits(46, 1) == 2) {
        s.version = static_cast<int>(number.digits(0, 1));
        s.created_s = static_cast<std::int64_t>(number.digits(37, 9));
        s.shard = static_cast<std::int32_t>(static_cast<std::uint32_t>(number.digits(1, 8)));
        if (static_cast<std::uint64_t>(s.created_s) >= latest_create_s) return {};
        if (s.version == 2) {
            const auto index = number.digits(20, 16);
            if (index >> 63) return {};
            s.index = static_cast<std::int64_t>(index);
            s.arrived_s = static_cast<std::int64_t>(number.digits(9, 9));
            return s;
        }
        if (s.version == 1) {
            s.index = static_cast<std::int64_t>(number.digits(9, 2));
            s.arrived_s = static_cast<std::int64_t>(number.digits(25, 9));
            return s;
        }
        return {};
    }
    if (number.length() == 32 && number.digits(31, 1) == 1) {
        s.version = 0;
        s.created_s = static_cast<std::int64_t>(number.digits(22, 9));
        s.shard = static_cast<std::int32_t>(number.digits(0, 4));
        return s;
    }
    return {};
}

}  // namespace sluice::streams
