// Reads RFC 8259 strictly: no trailing commas, comments, leading zeros, bare control characters or lone
// surrogates.
// Reader and writer together, and so longer than most: both rest on the same scan for what needs an escape.
#include "protocol/kinesis/json.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "protocol/kinesis/base64.h"
#include "protocol/utf8.h"

namespace sluice::kinesis {
namespace {

// The first quote, backslash or control character; end when there is none.
const char* plain_end(const char* at, const char* end) {
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const auto c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto control = _mm_cmpeq_epi8(_mm_min_epu8(c, _mm_set1_epi8(0x1f)), c);
        const auto special = _mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('"')), _mm_cmpeq_epi8(c, _mm_set1_epi8('\\')));
        const auto hit = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, special)));
        if (hit != 0) return at + std::countr_zero(hit);
    }
#endif
    constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    const auto zero_byte = [](std::uint64_t v) { return (v - ones) & ~v & highs; };
    for (std::uint64_t eight; end - at >= 8; at += 8) {
        std::memcpy(&eight, at, 8);
        // Borrows make only the lowest hit exact, and the lowest is the one wanted (little endian).
        const auto hit =
            zero_byte(eight ^ ones * '"') | zero_byte(eight ^ ones * '\\') | ((eight - ones * 0x20) & ~eight & highs);
        if (hit != 0) {
            if constexpr (std::endian::native == std::endian::little) return at + std::countr_zero(hit) / 8;
            break;
        }
    }
    while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
    return at;
}

bool digit(char c) { return c >= '0' && c <= '9'; }

// The value of a valid JSON number; beyond the range of double, the nearest double or zero.
double real(std::string_view text) {
    double value = 0;
    const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
    if (done.ec != std::errc::result_out_of_range) return value;
    const auto exponent = text.find_first_of("eE");
    if (exponent != std::string_view::npos && text[exponent + 1] == '-') return 0;
    return text.front() == '-' ? -std::numeric_limits<double>::max() : std::numeric_limits<double>::max();
}

std::int64_t clamped(double value) {
    constexpr double edge = 9223372036854775808.0;   // 2^63
    if (value >= edge) return std::numeric_limits<std::int64_t>::max();
    if (value < -edge) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(value);
}

}   // namespace

// The next character that is not white space; NUL, which no value starts with, at the end.
char JsonReader::next() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    return at_ == end_ ? '\0' : *at_;
}

void JsonReader::fail() {
    ok_ = false;
    at_ = end_;
}

Kind JsonReader::peek() {
    const char c = next();
    if (c == '"') return Kind::text;
    if (c == '-' || digit(c)) return Kind::number;
    switch (c) {
        case '{':
            return Kind::map;
        case '[':
            return Kind::list;
        case 't':
        case 'f':
            return Kind::boolean;
        case 'n':
            return Kind::null;
        default:
            fail();
            return Kind::nothing;
    }
}

void JsonReader::word(std::string_view expected) {
    if (!std::string_view(at_, end_).starts_with(expected)) return fail();
    at_ += expected.size();
}

void JsonReader::null() { next(), word("null"); }

bool JsonReader::boolean() {
    const bool value = next() == 't';
    word(value ? "true" : "false");
    return value && ok_;
}

std::string_view JsonReader::number() {
    next();
    const char* const start = at_;
    const auto digits = [&] {
        const char* const from = at_;
        while (at_ != end_ && digit(*at_)) ++at_;
        return at_ != from;
    };
    if (at_ != end_ && *at_ == '-') ++at_;
    const bool zero = at_ != end_ && *at_ == '0';
    bool good = zero ? (++at_, true) : digits();
    if (good && at_ != end_ && *at_ == '.') good = (++at_, digits());
    if (good && at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
        good = digits();
    }
    if (!good) return fail(), std::string_view{};
    return {start, at_};
}

std::int64_t JsonReader::integer() {
    const std::string_view text = number();
    if (text.empty()) return 0;
    std::int64_t value = 0;
    const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
    if (done.ec == std::errc{} && done.ptr == text.data() + text.size()) return value;
    return clamped(std::floor(real(text)));
}

std::int64_t JsonReader::time_ms() {
    const std::string_view text = number();
    return text.empty() ? 0 : clamped(std::round(real(text) * 1000));
}

std::string_view JsonReader::text() {
    if (next() != '"') return fail(), std::string_view{};
    const char* const start = ++at_;
    at_ = plain_end(at_, end_);
    if (at_ != end_ && *at_ == '\\') return unescape(start);
    if (at_ == end_ || *at_ != '"' || !is_utf8({start, at_})) return fail(), std::string_view{};
    return {start, at_++};
}

// Four hexadecimal digits.
bool JsonReader::hex4(char32_t& code) {
    unsigned value = 0;
    if (end_ - at_ < 4) return false;
    const auto done = std::from_chars(at_, at_ + 4, value, 16);
    if (done.ec != std::errc{} || done.ptr != at_ + 4) return false;
    at_ += 4;
    code = value;
    return true;
}

// The slow way, taken at the first backslash; `start` is the first character of the string.
std::string_view JsonReader::unescape(const char* start) {
    // How long the spelling is bounds how long the text is; the rest goes back to the arena.
    const char* close = at_;
    while (close != end_ && *close != '"') close += (*close == '\\' && end_ - close > 1) ? 2 : 1;
    const auto room = static_cast<std::size_t>(close - start);
    char* const text = arena_.take(room);
    char* to = text;
    const char* plain = start;
    for (;;) {
        at_ = plain_end(at_, end_);
        std::memcpy(to, plain, static_cast<std::size_t>(at_ - plain));
        to += at_ - plain;
        if (at_ == end_ || static_cast<unsigned char>(*at_) < 0x20) return fail(), std::string_view{};
        if (*at_++ == '"') break;
        if (at_ == end_) return fail(), std::string_view{};
        constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
        const char name = *at_++;
        if (const auto which = names.find(name); which != std::string_view::npos) {
            *to++ = meant[which];
        } else {
            char32_t code = 0, low = 0;
            if (name != 'u' || !hex4(code)) return fail(), std::string_view{};
            if (code >= 0xD800 && code < 0xE000) {
                const bool pair = code < 0xDC00 && std::string_view(at_, end_).starts_with("\\u");
                if (!pair) return fail(), std::string_view{};
                at_ += 2;
                if (!hex4(low) || low < 0xDC00 || low > 0xDFFF) return fail(), std::string_view{};
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            }
            to = put_utf8(code, to);
        }
        plain = at_;
    }
    const auto size = static_cast<std::size_t>(to - text);
    arena_.give_back(room - size);
    if (!is_utf8({text, size})) return fail(), std::string_view{};
    return {text, size};
}

std::expected<Blob, std::string> JsonReader::blob() {
    // Nearly always it is what it should be, and then it is ASCII as well: one walk finds its end, another decodes it.
    if (next() == '"') {
        const char* const start = at_ + 1;
        const char* const close = plain_end(start, end_);
        const auto room = static_cast<std::size_t>(close - start);
        if (close != end_ && *close == '"' && room % 4 == 0) {
            char* const out = arena_.take(room / 4 * 3);
            if (const auto size = decode_base64({start, room}, out)) {
                at_ = close + 1;
                return Blob{{out, *size}};
            }
            arena_.give_back(room / 4 * 3);
        }
    }
    const std::string_view spelled = text();
    // Text that needed the arena is decoded in place: it may already have used up its share of the room.
    const bool in_body = spelled.empty() || spelled.end() + 1 == at_;
    std::string copy;
    if (!in_body) copy = spelled;
    char* const out = in_body ? arena_.take(spelled.size() / 4 * 3) : const_cast<char*>(spelled.data());
    auto size = decode_base64(in_body ? spelled : std::string_view{copy}, out);
    if (!size) return std::unexpected{std::move(size.error())};
    return Blob{{out, *size}};
}

bool JsonReader::open() {
    if (++depth_ > max_nesting) return fail(), false;
    ++at_;
    return fresh_ = true;
}

void JsonReader::enter_list() { next() == '[' ? void(open()) : fail(); }
void JsonReader::enter_map() { next() == '{' ? void(open()) : fail(); }

// Steps over what separates two entries; false at the end of the container or of all that is readable.
bool JsonReader::advance(char close) {
    const char c = next();
    const bool first = std::exchange(fresh_, false);
    if (c == close) {
        ++at_, --depth_;
        return false;
    }
    if (first && c != '\0') return true;
    if (c != ',') return fail(), false;
    ++at_;
    if (next() == close) fail();
    return ok_;
}

bool JsonReader::next_item() { return ok_ && advance(']'); }

bool JsonReader::next_key(std::string_view& key) {
    if (!ok_ || !advance('}')) return false;
    key = text();
    if (!ok_ || next() != ':') return fail(), false;
    ++at_;
    return true;
}

void JsonReader::skip() {
    std::string_view key;
    switch (peek()) {
        case Kind::null:
            return null();
        case Kind::boolean:
            return void(boolean());
        case Kind::number:
            return void(number());
        case Kind::text:
            return void(text());
        case Kind::list:
            enter_list();
            while (next_item()) skip();
            return;
        case Kind::map:
            enter_map();
            while (next_key(key)) skip();
            return;
        case Kind::bytes:
        case Kind::nothing:
            return;
    }
}

bool JsonReader::finished() { return ok_ && next() == '\0' && at_ == end_; }

JsonWriter::~JsonWriter() {
    if (to_) out_.resize(static_cast<std::size_t>(to_ - out_.data()));
}

void JsonWriter::grow(std::size_t bytes) {
    const auto used = to_ ? static_cast<std::size_t>(to_ - out_.data()) : out_.size();
    const auto size = used + bytes <= out_.capacity() ? out_.capacity() : std::max(used + bytes, 2 * out_.capacity());
    // libstdc++ 12 tells the callback the capacity it made instead of the size asked for.
    out_.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
    to_ = out_.data() + used;
    end_ = out_.data() + size;
}

void JsonWriter::bare(std::string_view word) { room(word.size()), separate(), put(word); }

void JsonWriter::integer(std::int64_t value) {
    room(20), separate();
    to_ = std::to_chars(to_, end_, value).ptr;
}

void JsonWriter::time(Time value) {
    if (told_size_ == 0 || value != told_) {
        const std::int64_t ms = value.time_since_epoch().count();
        const auto part = static_cast<unsigned>(std::abs(ms % 1000));
        char* to = told_text_;
        if (ms < 0 && ms > -1000) *to++ = '-';
        to = std::to_chars(to, std::end(told_text_), ms / 1000).ptr;
        if (part != 0) {
            *to++ = '.';
            for (const auto digit : {part / 100, part / 10 % 10, part % 10}) *to++ = static_cast<char>('0' + digit);
        }
        told_size_ = static_cast<std::uint8_t>(to - told_text_);
        told_ = value;
    }
    bare({told_text_, told_size_});
}

void JsonWriter::text(std::string_view value) { quoted(value); }

void JsonWriter::quoted(std::string_view value) {
    if (plain_end(value.data(), value.data() + value.size()) == value.data() + value.size()) return plain(value);
    room(1), separate();
    *to_++ = '"';
    escaped(value);
    *to_++ = '"';
}

void JsonWriter::escaped(std::string_view value) {
    const char* at = value.data();
    const char* const end = at + value.size();
    for (;;) {
        const char* const special = plain_end(at, end);
        room(static_cast<std::size_t>(special - at) + 8);   // an escape has six characters at most, and then comes a quote
        put({at, special});
        if (special == end) return;
        const char c = *special;
        constexpr std::string_view hex = "0123456789abcdef";
        if (c == '"' || c == '\\')
            *to_++ = '\\', *to_++ = c;
        else if (c == '\n')
            put("\\n");
        else
            put("\\u00"), *to_++ = hex[static_cast<unsigned char>(c) >> 4], *to_++ = hex[c & 15];
        at = special + 1;
    }
}

void JsonWriter::blob(Blob value) {
    room(base64_size(value.bytes.size()) + 2), separate();
    *to_++ = '"';
    to_ = put_base64(to_, value.bytes);
    *to_++ = '"';
}

void JsonWriter::key(std::string_view name) {
    quoted(name);
    room(1), *to_++ = ':';
    first_ = true;
}

}   // namespace sluice::kinesis
