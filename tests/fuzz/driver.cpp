// libFuzzer's entry, compiled once per target: SLUICE_FUZZ_TARGET is the target's name.
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sluice::fuzz::SLUICE_FUZZ_TARGET(std::as_bytes(std::span{data, size}));
    return 0;
}
