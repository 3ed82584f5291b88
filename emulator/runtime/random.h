// The one source of chance: seeded, so that the same run gives the same ids. Ids, iterators, jitter and tests all draw here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    // A seed from the operating system, for a server that was given none.
    static std::uint64_t system_seed();
    std::uint64_t next();                                             // splitmix64
    std::uint64_t below(std::uint64_t bound);                         // 0 .. bound - 1
    std::array<std::byte, 16> uuid();                                 // version 4; its text never begins with '-' in base64url
    static std::string uuid_text(const std::array<std::byte, 16>&);   // lower-case, with hyphens

  private:
    std::uint64_t state_;
};

}   // namespace sluice
