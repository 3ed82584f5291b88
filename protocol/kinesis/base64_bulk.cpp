#include "protocol/kinesis/base64_bulk.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sluice::kinesis {

#if defined(__x86_64__)
namespace {

const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;

#define AVX2 __attribute__((target("avx2")))

AVX2 __m256i two_halves(const char* low, const char* high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
                                   _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

// `amount` where a > b, else zero.
AVX2 __m256i where_greater(__m256i a, char b, char amount) {
    return _mm256_and_si256(_mm256_cmpgt_epi8(a, _mm256_set1_epi8(b)), _mm256_set1_epi8(amount));
}

AVX2 __m256i twice(__m128i half) { return _mm256_broadcastsi128_si256(half); }

AVX2 std::size_t encode_avx2(std::string_view bytes, char* out) {
    // Three bytes become the low 24 bits of a lane, the first one on top.
    const __m256i spread = _mm256_setr_epi8(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1,   //
                                            2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);
    std::size_t at = 0;
    for (; bytes.size() - at >= 28; at += 24, out += 32) {   // the second load reads four bytes more than it uses
        const char* const from = bytes.data() + at;
        const __m256i v = _mm256_shuffle_epi8(two_halves(from, from + 12), spread);
        const __m256i value = _mm256_or_si256(
            _mm256_or_si256(_mm256_srli_epi32(v, 18), _mm256_and_si256(_mm256_srli_epi32(v, 4), _mm256_set1_epi32(0x3f00))),
            _mm256_or_si256(_mm256_and_si256(_mm256_slli_epi32(v, 10), _mm256_set1_epi32(0x3f0000)),
                            _mm256_and_si256(_mm256_slli_epi32(v, 24), _mm256_set1_epi32(0x3f000000))));
        // 'A' for 0, and at 26, 52, 62 and 63 the alphabet jumps to 'a', '0', '+' and '/'.
        const __m256i jumps = _mm256_add_epi8(_mm256_add_epi8(where_greater(value, 25, 6), where_greater(value, 51, -75)),
                                              _mm256_add_epi8(where_greater(value, 61, -15), where_greater(value, 62, 3)));
        const __m256i text = _mm256_add_epi8(_mm256_add_epi8(value, _mm256_set1_epi8('A')), jumps);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), text);
    }
    return at;
}

// A character's two halves choose a bit set each; where they meet, no character of the alphabet has these halves. What to add to
// get its value depends on the upper half alone, but for '/', which shares one with '+' and stands before it in the table.
AVX2 std::size_t decode_avx2(std::string_view text, char* out) {
    const __m256i by_low =
        twice(_mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a));
    const __m256i by_high =
        twice(_mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
    const __m256i added = twice(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i gather = twice(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    const __m256i slash = _mm256_set1_epi8('/');   // its set bits also cut out a half: a look-up takes no notice of 0x20
    std::size_t at = 0;
    for (; text.size() - at >= 40;
         at += 32, out += 24) {   // the second store writes four bytes that the next characters overwrite
        const __m256i c = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at));
        const __m256i high = _mm256_and_si256(_mm256_srli_epi32(c, 4), slash);
        const __m256i low = _mm256_and_si256(c, slash);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(by_low, low), _mm256_shuffle_epi8(by_high, high))) break;
        const __m256i v = _mm256_add_epi8(c, _mm256_shuffle_epi8(added, _mm256_add_epi8(high, _mm256_cmpeq_epi8(c, slash))));
        // Six bits and six bits make twelve, twelve and twelve make the three bytes.
        const __m256i twelves = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
        const __m256i bytes = _mm256_shuffle_epi8(_mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000)), gather);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 12), _mm256_extracti128_si256(bytes, 1));
    }
    return at;
}

}   // namespace

std::size_t encode_base64_bulk(std::string_view bytes, char* out) { return has_avx2 ? encode_avx2(bytes, out) : 0; }
std::size_t decode_base64_bulk(std::string_view text, char* out) { return has_avx2 ? decode_avx2(text, out) : 0; }

#else

std::size_t encode_base64_bulk(std::string_view, char*) { return 0; }
std::size_t decode_base64_bulk(std::string_view, char*) { return 0; }

#endif

}   // namespace sluice::kinesis
