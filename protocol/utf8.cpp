// Sixteen or eight bytes of ASCII at a time, the rest character by character.
#include "protocol/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

namespace {

struct Character {
    int bytes;   // of it, or of the part to replace
    bool good;
};

// The character, or the longest beginning of one, at a byte that is not ASCII.
Character character(const unsigned char* at, const unsigned char* end) {
    const unsigned char lead = *at++;
    if (lead < 0xC2 || lead > 0xF4) return {1, false};
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (int i = 0; i < more; ++i) {
        if (at + i == end || at[i] < low || at[i] > high) return {1 + i, false};
        low = 0x80, high = 0xBF;
    }
    return {1 + more, true};
}

}   // namespace

bool is_utf8(std::string_view text) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    while (at != end) {
#if defined(__SSE2__)
        if (end - at >= 16 && _mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) == 0) {
            at += 16;
            continue;
        }
#endif
        std::uint64_t eight;
        if (end - at >= 8 && (std::memcpy(&eight, at, 8), (eight & 0x8080808080808080u) == 0)) {
            at += 8;
            continue;
        }
        if (*at < 0x80) {
            ++at;
            continue;
        }
        const auto [bytes, good] = character(at, end);
        if (!good) return false;
        at += bytes;
    }
    return true;
}

char* put_repaired(std::string_view text, char* to) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    while (at != end) {
        const auto [bytes, good] = *at < 0x80 ? Character{1, true} : character(at, end);
        to = good ? std::copy_n(reinterpret_cast<const char*>(at), bytes, to) : put_utf8(0xFFFD, to);
        at += bytes;
    }
    return to;
}

std::string repaired(std::string_view text) {
    std::string out(text);
    if (is_utf8(text)) return out;
    out.resize(3 * text.size());
    out.resize(static_cast<std::size_t>(put_repaired(text, out.data()) - out.data()));
    return out;
}

std::string_view whole_characters(std::string_view text, std::size_t most_bytes) {
    if (text.size() <= most_bytes) return text;
    while (most_bytes > 0 && (static_cast<unsigned char>(text[most_bytes]) & 0xC0) == 0x80) --most_bytes;
    return text.substr(0, most_bytes);
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::size_t utf16_units(std::string_view text) {
    const auto pairs = std::ranges::count_if(text, [](char c) { return (c & 0xF8) == 0xF0; });
    return characters(text) + static_cast<std::size_t>(pairs);
}

char* put_utf8(char32_t code, char* to) {
    const auto tail = [&](int shift) { *to++ = static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) {
        *to++ = static_cast<char>(code);
    } else if (code < 0x800) {
        *to++ = static_cast<char>(0xC0 | code >> 6);
        tail(0);
    } else if (code < 0x10000) {
        *to++ = static_cast<char>(0xE0 | code >> 12);
        tail(6), tail(0);
    } else {
        *to++ = static_cast<char>(0xF0 | code >> 18);
        tail(12), tail(6), tail(0);
    }
    return to;
}

}   // namespace sluice
