#include "protocol/http/head.h"

#include <algorithm>
#include <array>
#include <charconv>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::http {
namespace {

constexpr auto tokens = [] {
    std::array<bool, 256> is{};
    for (const char c : std::string_view{"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"})
        is[static_cast<unsigned char>(c)] = true;
    return is;
}();

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same(std::string_view a, std::string_view lower_case) { return std::ranges::equal(a, lower_case, {}, lower); }

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

// Whether the control characters are tabs and pairs of CR and LF.
bool clean(std::string_view bytes) {
    const char *at = bytes.data(), *const end = at + bytes.size();
    unsigned after_cr = 0;   // whether the last one was a CR
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const auto c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto is = [&](char one) { return _mm_cmpeq_epi8(c, _mm_set1_epi8(one)); };
        const auto control = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(c, _mm_set1_epi8(0x1f)), c), is(0x7f));
        const auto cr = is('\r'), lf = is('\n');
        if (_mm_movemask_epi8(_mm_andnot_si128(_mm_or_si128(_mm_or_si128(cr, lf), is('\t')), control)) != 0) return false;
        const auto crs = static_cast<unsigned>(_mm_movemask_epi8(cr)), lfs = static_cast<unsigned>(_mm_movemask_epi8(lf));
        if (((crs << 1 | after_cr) & 0xffff) != lfs) return false;
        after_cr = crs >> 15;
    }
#endif
    for (; at != end; ++at) {
        if ((static_cast<unsigned char>(*at) < 0x20 && *at != '\r' && *at != '\n' && *at != '\t') || *at == 0x7f) return false;
        if ((*at == '\n') != (after_cr != 0)) return false;
        after_cr = *at == '\r';
    }
    return after_cr == 0;
}

// "keep-alive, Upgrade": each word by itself, while they are good.
template <class Good>
bool words(std::string_view list, Good&& good) {
    for (std::size_t from = 0; from <= list.size();) {
        const auto comma = std::min(list.find(',', from), list.size());
        if (!good(trimmed(list.substr(from, comma - from)))) return false;
        from = comma + 1;
    }
    return true;
}

// The fields that say where a message ends and what comes after it. False: nobody can know.
bool take_framing(Head& head, std::string_view name, std::string_view value, bool& closes, bool& stays) {
    switch (name.size()) {   // most names are told apart by their size
        case 6:
            if (same(name, "expect")) head.expects_continue = same(value, "100-continue");
            return true;
        case 10:
            if (same(name, "connection"))
                return words(value, [&](std::string_view word) {
                    closes |= same(word, "close");
                    stays |= same(word, "keep-alive");
                    return std::ranges::all_of(word, token);
                });
            return true;
        case 14: {
            if (!same(name, "content-length")) return true;
            std::uint64_t length = 0;
            const auto done = std::from_chars(value.data(), value.data() + value.size(), length);
            if (done.ec == std::errc::result_out_of_range) length = UINT64_MAX;
            if (done.ec == std::errc::invalid_argument || done.ptr != value.data() + value.size()) return false;
            if (head.length && *head.length != length) return false;
            head.length = length;
            return true;
        }
        case 17:
            if (!same(name, "transfer-encoding")) return true;
            if (head.chunked || !same(value, "chunked")) return false;
            return head.chunked = true;
        default:
            return true;
    }
}

}   // namespace

bool token(char c) { return tokens[static_cast<unsigned char>(c)]; }

std::expected<Head, unsigned> parse_head(std::string_view bytes) {
    constexpr auto none = std::string_view::npos;
    const std::unexpected bad{400u};
    if (!clean(bytes)) return bad;
    Head head;
    const auto first = bytes.substr(0, bytes.find('\r'));
    const auto space = first.find(' ');
    const auto second = space == none ? none : first.find(' ', space + 1);
    if (second == none) return bad;
    head.method = first.substr(0, space);
    head.target = first.substr(space + 1, second - space - 1);
    const auto version = first.substr(second + 1);
    if (head.method.empty() || !std::ranges::all_of(head.method, token) || head.target.empty() || head.target.contains('\t'))
        return bad;
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return std::unexpected{version.starts_with("HTTP/") ? 505u : 400u};

    head.headers.reserve(16);
    bool closes = false, stays = false;
    for (auto rest = bytes.substr(first.size() + 2); !rest.starts_with('\r');) {
        const auto line = rest.substr(0, rest.find('\r'));
        rest.remove_prefix(line.size() + 2);
        // A folded line is no name either: folding is obsolete, and refused (RFC 9112, 5.2).
        const auto colon = line.find(':');
        if (colon == none || colon == 0 || !std::ranges::all_of(line.substr(0, colon), token)) return bad;
        const auto& [name, value] = head.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
        if (!take_framing(head, name, value, closes, stays)) return bad;
    }
    if (head.chunked && head.length) return bad;
    head.keep_alive = version == "HTTP/1.1" ? !closes : stays && !closes;
    head.takes_chunks = version == "HTTP/1.1";
    head.expects_continue &= version == "HTTP/1.1";   // RFC 9110, 10.1.1: a 1.0 client's expectation is ignored
    return head;
}

}   // namespace sluice::http
