#include "emulator/runtime/random.h"

#include <random>

namespace sluice {

std::uint64_t Random::system_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

std::uint64_t Random::next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

std::uint64_t Random::below(std::uint64_t bound) {
    // Rejection keeps every value equally likely.
    const std::uint64_t limit = bound * (UINT64_MAX / bound);
    for (;;)
        if (const auto value = next(); value < limit) return value % bound;
}

std::array<std::byte, 16> Random::uuid() {
    for (;;) {
        std::array<std::byte, 16> id{};
        for (std::size_t i = 0; i < 16; i += 8) {
            const auto word = next();
            for (std::size_t b = 0; b < 8; ++b) id[i + b] = static_cast<std::byte>(word >> (8 * b));
        }
        id[6] = (id[6] & std::byte{0x0f}) | std::byte{0x40};
        id[8] = (id[8] & std::byte{0x3f}) | std::byte{0x80};
        if (std::to_integer<int>(id[0]) >> 2 != 62) return id;   // 62 is '-', which tools take for a flag
    }
}

std::string Random::uuid_text(const std::array<std::byte, 16>& id) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(36, '-');
    char* to = text.data();
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) ++to;
        *to++ = digits[std::to_integer<unsigned>(id[i]) >> 4];
        *to++ = digits[std::to_integer<unsigned>(id[i]) & 15];
    }
    return text;
}

}   // namespace sluice
