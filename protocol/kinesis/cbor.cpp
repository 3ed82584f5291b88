// Nothing is allocated for a length that is only claimed: lengths and counts above the bytes left are
// refused.
// Reader and writer together, and so a little longer than most.
#include "protocol/kinesis/cbor.h"

#include <bit>
#include <cmath>
#include <limits>

#include "protocol/kinesis/base64.h"
#include "protocol/utf8.h"

namespace sluice::kinesis {
namespace {

constexpr unsigned major_unsigned = 0, major_negative = 1, major_bytes = 2, major_text = 3, major_list = 4, major_map = 5,
                   major_tag = 6, major_simple = 7;
constexpr unsigned indefinite = 31;
constexpr std::uint64_t until_break = std::numeric_limits<std::uint64_t>::max();
constexpr unsigned char break_byte = 0xFF;

double half(std::uint64_t bits) {
    const int exponent = static_cast<int>(bits >> 10 & 0x1F);
    const double fraction = static_cast<double>(bits & 0x3FF);
    double value = exponent == 0 ? std::ldexp(fraction, -24)
                   : exponent == 31
                       ? (fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN())
                       : std::ldexp(fraction + 1024, exponent - 25);
    return (bits & 0x8000) != 0 ? -value : value;
}

// Not a number becomes zero, as in Java.
std::int64_t clamped(double value) {
    constexpr double edge = 9223372036854775808.0;   // 2^63
    if (std::isnan(value)) return 0;
    if (value >= edge) return std::numeric_limits<std::int64_t>::max();
    if (value < -edge) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(value);
}

bool is_float(unsigned major, unsigned info) { return major == major_simple && info >= 25 && info <= 27; }

}   // namespace

void CborReader::fail() {
    ok_ = false;
    at_ = end_;
}

// The next head that is not a tag. Reserved and truncated forms fail; a break is nobody's head.
CborReader::Head CborReader::head() {
    for (;;) {
        if (at_ == end_) return fail(), Head{};
        const auto first = static_cast<unsigned char>(*at_++);
        Head found{.major = unsigned{first} >> 5u, .info = first & 31u};
        if (found.info < 24) {
            found.value = found.info;
        } else if (found.info < 28) {
            const std::size_t bytes = std::size_t{1} << (found.info - 24);
            if (left() < bytes) return fail(), Head{};
            for (std::size_t i = 0; i < bytes; ++i) found.value = found.value << 8 | static_cast<unsigned char>(*at_++);
        } else if (found.info != indefinite || found.major < major_bytes || found.major > major_map) {
            return fail(), Head{};
        }
        if (found.major != major_tag) return found;
    }
}

Kind CborReader::peek() {
    const char* const start = at_;
    const Head next = head();
    if (!ok_) return Kind::nothing;
    at_ = start;
    switch (next.major) {
        case major_bytes:
            return Kind::bytes;
        case major_text:
            return Kind::text;
        case major_list:
            return Kind::list;
        case major_map:
            return Kind::map;
        case major_simple:
            if (is_float(next.major, next.info)) return Kind::number;
            if (next.info == 20 || next.info == 21) return Kind::boolean;
            if (next.info == 22 || next.info == 23) return Kind::null;   // 23 is "undefined"
            return fail(), Kind::nothing;
        default:
            return Kind::number;
    }
}

void CborReader::null() { head(); }

bool CborReader::boolean() {
    const Head next = head();
    return ok_ && next.info == 21;
}

double CborReader::real(const Head& head) const {
    if (head.info == 25) return half(head.value);
    if (head.info == 27) return std::bit_cast<double>(head.value);
    return std::bit_cast<float>(static_cast<std::uint32_t>(head.value));
}

std::int64_t CborReader::integer() {
    const Head next = head();
    if (!ok_) return 0;
    if (is_float(next.major, next.info)) return clamped(std::floor(real(next)));
    if (next.major != major_unsigned && next.major != major_negative) return fail(), 0;
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const auto value = static_cast<std::int64_t>(next.value > most ? most : next.value);
    return next.major == major_unsigned ? value : -1 - value;
}

std::int64_t CborReader::time_ms() {
    const char* const start = at_;
    const Head next = head();
    if (ok_ && is_float(next.major, next.info)) return clamped(std::round(real(next) * 1000));
    if (ok_) at_ = start;
    return integer();
}

// Bytes or text; the pieces of an indefinite one are put together in the arena, which never needs more than
// was read.
std::string_view CborReader::string(unsigned major) {
    const Head next = head();
    if (!ok_ || next.major != major) return fail(), std::string_view{};
    const auto piece = [this](std::uint64_t size) {
        if (size > left()) return fail(), std::string_view{};
        const std::string_view bytes{at_, static_cast<std::size_t>(size)};
        at_ += size;
        return bytes;
    };
    if (next.info != indefinite) return piece(next.value);
    char* const start = arena_.take(0);
    std::size_t size = 0;
    while (at_ != end_ && static_cast<unsigned char>(*at_) != break_byte) {
        const Head part = head();
        if (!ok_ || part.major != major || part.info == indefinite) return fail(), std::string_view{};
        const std::string_view bytes = piece(part.value);
        if (bytes.empty()) continue;
        std::memcpy(arena_.take(bytes.size()), bytes.data(), bytes.size());
        size += bytes.size();
    }
    if (at_ == end_) return fail(), std::string_view{};
    ++at_;
    return {start, size};
}

std::string_view CborReader::text() {
    const std::string_view value = string(major_text);
    if (!is_utf8(value)) return fail(), std::string_view{};
    return value;
}

std::expected<Blob, std::string> CborReader::blob() {
    if (peek() != Kind::text) return Blob{string(major_bytes)};
    char* const unused = arena_.take(0);
    const std::string_view spelled = text();
    // Text put together in the arena has used up its share of the room: it is decoded from a copy over
    // itself.
    const bool in_arena = spelled.data() == unused;
    const std::string copy{in_arena ? spelled : std::string_view{}};
    char* const out = in_arena ? unused : arena_.take(spelled.size() / 4 * 3);
    auto size = decode_base64(in_arena ? std::string_view{copy} : spelled, out);
    if (!size) return std::unexpected{std::move(size.error())};
    return Blob{{out, *size}};
}

void CborReader::enter(unsigned major, std::uint64_t least_bytes) {
    const Head next = head();
    if (!ok_ || next.major != major || depth_ == max_nesting) return fail();
    if (next.info != indefinite && next.value > left() / least_bytes) return fail();
    remaining_[depth_++] = next.info == indefinite ? until_break : next.value;
}

void CborReader::enter_list() { enter(major_list, 1); }
void CborReader::enter_map() { enter(major_map, 2); }

bool CborReader::advance() {
    if (!ok_) return false;
    std::uint64_t& remaining = remaining_[depth_ - 1];
    if (remaining == until_break) {
        if (at_ == end_) return fail(), false;
        if (static_cast<unsigned char>(*at_) != break_byte) return true;
        ++at_;
    } else if (remaining > 0) {
        --remaining;
        return true;
    }
    --depth_;
    return false;
}

bool CborReader::next_item() { return advance(); }

bool CborReader::next_key(std::string_view& key) {
    if (!advance()) return false;
    key = text();
    return ok_;
}

void CborReader::skip() {
    std::string_view key;
    switch (peek()) {
        case Kind::null:
        case Kind::boolean:
        case Kind::number:
            head();
            return;
        case Kind::text:
            text();
            return;
        case Kind::bytes:
            string(major_bytes);
            return;
        case Kind::list:
            enter_list();
            while (next_item()) skip();
            return;
        case Kind::map:
            enter_map();
            while (next_key(key)) skip();
            return;
        case Kind::nothing:
            return;
    }
}

void CborWriter::head(unsigned major, std::uint64_t value) {
    const int log = value < 24 ? -1 : value <= 0xFF ? 0 : value <= 0xFFFF ? 1 : value <= 0xFFFFFFFF ? 2 : 3;
    const unsigned info = log < 0 ? static_cast<unsigned>(value) : 24u + static_cast<unsigned>(log);
    out_ += static_cast<char>(major << 5 | info);
    if (log < 0) return;
    for (int shift = (8 << log) - 8; shift >= 0; shift -= 8) out_ += static_cast<char>(value >> shift);
}

void CborWriter::integer(std::int64_t value) {
    value < 0 ? head(major_negative, static_cast<std::uint64_t>(-1 - value))
              : head(major_unsigned, static_cast<std::uint64_t>(value));
}

void CborWriter::time(Time value) {
    head(major_tag, 1);
    integer(value.time_since_epoch().count());
}

void CborWriter::text(std::string_view value) {
    head(major_text, value.size());
    out_ += value;
}

void CborWriter::blob(Blob value) {
    head(major_bytes, value.bytes.size());
    out_ += value.bytes;
}

}   // namespace sluice::kinesis
