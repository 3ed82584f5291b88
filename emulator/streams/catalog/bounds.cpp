#include "emulator/streams/catalog/bounds.h"

namespace sluice::streams::bounds {

bool utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
        const auto lead = byte(at++);
        if (lead < 0x80) continue;
        const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        if (lead < 0xC2 || lead > 0xF4 || text.size() - at < more) return false;
        // Nothing longer than it need be, no surrogates, nothing above U+10FFFF.
        const int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (byte(at) < low || byte(at) > high) return false;
        for (std::size_t i = 1; i < more; ++i)
            if ((byte(at + i) & 0xC0) != 0x80) return false;
        at += more;
    }
    return true;
}

bool text(std::string_view value, std::size_t most_bytes) { return value.size() <= most_bytes && utf8(value); }

bool name(std::string_view name) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 249 && name != "." && name != ".." && std::ranges::all_of(name, good);
}

}   // namespace sluice::streams::bounds
