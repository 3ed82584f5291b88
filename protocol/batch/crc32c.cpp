// ISA-L picks the instruction at run time (PCLMUL, SSE 4.2, NEON or tables), so the program needs no -march.
#include <isa-l/crc.h>

#include "protocol/batch/header.h"

namespace sluice::batch {

// ISA-L inverts neither before nor after, Kafka does both. Its length is an int: longer input goes in steps.
std::uint32_t crc32c(Bytes bytes) {
    constexpr std::size_t step = 1u << 30;
    std::uint32_t state = 0xffffffff;
    while (!bytes.empty()) {
        const auto part = bytes.first(bytes.size() < step ? bytes.size() : step);
        auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(part.data()));   // only read
        state = crc32_iscsi(data, static_cast<int>(part.size()), state);
        bytes = bytes.subspan(part.size());
    }
    return ~state;
}

}   // namespace sluice::batch
