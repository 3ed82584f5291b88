#include "emulator/streams/log/sequence.h"

#include <bit>
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
constexpr std::uint64_t eight_tens = 100'000'000, nineteen_tens = 10'000'000'000'000'000'000u;
static_assert(std::endian::native == std::endian::little, "digits are put in order within a word");

// Halved until each byte holds one digit. Dividing by multiplying is exact below 10^4 and 10^2.
void put_eight(char* to, std::uint64_t value) {
    const auto fours = value / 10'000 | value % 10'000 << 32;
    const auto hundreds = fours * 10'486 >> 20 & 0x0000007f0000007fu;
    const auto twos = hundreds | (fours - hundreds * 100) << 16;
    const auto tens = twos * 103 >> 10 & 0x000f000f000f000fu;
    const auto ones = (tens | (twos - tens * 10) << 8) | 0x3030303030303030u;
    std::memcpy(to, &ones, sizeof ones);
}
// The last 16 + `more` digits.
void put_digits(char* to, int more, std::uint64_t value) {
    put_eight(to + more + 8, value % eight_tens);
    value /= eight_tens;
    put_eight(to + more, value % eight_tens);
    value /= eight_tens;
    for (; more > 0; value /= 10) to[--more] = static_cast<char>('0' + value % 10);
}

// From the end, in hex digits: version 1, shard 8, second 9, zero 2 (ours: a one is behind the record), index 16, shard's low
// nibble 1, create second 9, a 2.
// Below 2^190, so two divisions by 10^19 leave three numbers of 19 digits each, the last with 18.
std::array<std::uint64_t, 3> parts_of(const Sequence& s) {
    Wide number;
    number.put(0, 1, 2);
    number.put(1, 8, static_cast<std::uint32_t>(s.shard));
    number.put(9, 9, static_cast<std::uint64_t>(s.arrived_s));
    number.put(18, 2, s.behind ? 1 : 0);
    number.put(20, 16, static_cast<std::uint64_t>(s.index));
    number.put(36, 1, static_cast<std::uint64_t>(s.shard) & 15);
    number.put(37, 9, static_cast<std::uint64_t>(s.created_s));
    number.put(46, 1, 2);
    const auto low = number.divide(nineteen_tens), middle = number.divide(nineteen_tens);
    return {low, middle, number.word[0]};
}
void put_parts(SequenceDigits& text, const std::array<std::uint64_t, 3>& parts) {
    put_digits(text.data(), 2, parts[2]);
    put_digits(text.data() + 18, 3, parts[1]);
    put_digits(text.data() + 37, 3, parts[0]);
}
constexpr std::uint64_t latest_create_s = 16'025'175'000;   // from here on numbers are invalid (seen: AWS 2015)

}   // namespace

SequenceDigits digits_of(const Sequence& s) {
    SequenceDigits text;
    put_parts(text, parts_of(s));
    return text;
}

const SequenceDigits& SequenceRun::at(const Sequence& s) {
    // One index further is 16^20 more.
    constexpr std::uint64_t low = 5'819'614'629'174'706'176u, middle = 120'892u;
    static_assert(static_cast<unsigned __int128>(middle) * nineteen_tens + low == static_cast<unsigned __int128>(1) << 80);
    auto expected = last_;
    if (expected) ++expected->index;
    if (last_ && *expected == s) {
        const auto add = [](std::uint64_t& part, std::uint64_t value) {   // the sum may be beyond 2^64: it is told from 10^19
            const bool carry = part >= nineteen_tens - value;
            part = carry ? part - (nineteen_tens - value) : part + value;
            return std::uint64_t{carry};
        };
        parts_[2] += add(parts_[1], middle + add(parts_[0], low));
    } else {
        parts_ = parts_of(s);
    }
    last_ = s;
    put_parts(text_, parts_);
    return text_;
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
            s.behind = number.digits(18, 2) == 1;
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

}   // namespace sluice::streams
