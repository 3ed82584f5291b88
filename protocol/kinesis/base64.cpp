// Four characters at a time through four tables of shifted values; an invalid character sets a bit above the
// 24 used.
#include "protocol/kinesis/base64.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "protocol/kinesis/base64_bulk.h"

namespace sluice::kinesis {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t invalid = 1u << 31;

using Table = std::array<std::uint32_t, 256>;
constexpr Table shifted(int by) {
    Table table{};
    table.fill(invalid);
    for (std::uint32_t value = 0; value < 64; ++value) table[static_cast<unsigned char>(alphabet[value])] = value << by;
    return table;
}
constexpr Table first = shifted(18), second = shifted(12), third = shifted(6), fourth = shifted(0);

// Two characters for each 12 bits.
constexpr auto pairs = [] {
    std::array<std::array<char, 2>, 4096> table{};
    for (std::size_t value = 0; value < 4096; ++value) table[value] = {alphabet[value >> 6], alphabet[value & 63]};
    return table;
}();

std::uint32_t group(const unsigned char* at) { return first[at[0]] | second[at[1]] | third[at[2]] | fourth[at[3]]; }

std::string refusal(std::string_view text, std::string_view why) {
    std::string message;
    message.reserve(text.size() + why.size() + 40);
    message.append("'").append(text).append("' can not be converted to a Blob: ").append(why);
    return message;
}

// A character outside the alphabet, or a pad before the last two places or before a non-pad.
std::string invalid_character(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool pad = text[at] == '=' && (at + 1 == text.size() || (at + 2 == text.size() && text[at + 1] == '='));
        if (alphabet.find(text[at]) != std::string_view::npos || pad) continue;
        std::size_t end = at + 1;   // the whole character, should it have several bytes
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
        return refusal(text, "Invalid Base64 character: '" + std::string(text.substr(at, end - at)) + "'");
    }
    return refusal(text, "Invalid last non-pad Base64 character dectected");
}

}   // namespace

char* put_base64(char* to, std::string_view bytes) {
    const auto done = encode_base64_bulk(bytes, to);
    to += done / 3 * 4;
    const auto* from = reinterpret_cast<const unsigned char*>(bytes.data()) + done;
    std::size_t left = bytes.size() - done;
    for (; left >= 3; left -= 3, from += 3, to += 4) {
        const std::uint32_t bits = std::uint32_t{from[0]} << 16 | std::uint32_t{from[1]} << 8 | from[2];
        std::memcpy(to, &pairs[bits >> 12], 2);
        std::memcpy(to + 2, &pairs[bits & 4095], 2);
    }
    if (left == 0) return to;
    const std::uint32_t bits = std::uint32_t{from[0]} << 16 | (left == 2 ? std::uint32_t{from[1]} << 8 : 0u);
    to[0] = alphabet[bits >> 18], to[1] = alphabet[bits >> 12 & 63];
    to[2] = left == 2 ? alphabet[bits >> 6 & 63] : '=', to[3] = '=';
    return to + 4;
}

std::expected<std::size_t, std::string> decode_base64(std::string_view text, char* out) {
    if (text.size() % 4 != 0)
        return std::unexpected{
            refusal(text, "Base64 encoded length is expected a multiple of 4 bytes but found: " + std::to_string(text.size()))};
    if (text.empty()) return 0;
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* last = at + text.size() - 4;
    const auto done = decode_base64_bulk(text, out);   // always less than all
    at += done;
    char* to = out + done / 4 * 3;
    std::uint32_t seen = 0;
    for (; at != last; at += 4, to += 3) {
        const std::uint32_t bits = group(at);
        seen |= bits;
        to[0] = static_cast<char>(bits >> 16), to[1] = static_cast<char>(bits >> 8), to[2] = static_cast<char>(bits);
    }
    unsigned char tail[4] = {last[0], last[1], last[2], last[3]};
    const std::size_t pads = tail[3] != '=' ? 0 : tail[2] != '=' ? 1 : 2;
    for (std::size_t pad = 0; pad < pads; ++pad) tail[3 - pad] = 'A';
    const std::uint32_t bits = group(tail);
    const std::uint32_t unused = pads == 0 ? 0u : pads == 1 ? 0xC0u : 0xF000u;
    if (((seen | bits) & invalid) != 0 || (bits & unused) != 0) return std::unexpected{invalid_character(text)};
    *to++ = static_cast<char>(bits >> 16);
    if (pads < 2) *to++ = static_cast<char>(bits >> 8);
    if (pads < 1) *to++ = static_cast<char>(bits);
    return static_cast<std::size_t>(to - out);
}

}   // namespace sluice::kinesis
