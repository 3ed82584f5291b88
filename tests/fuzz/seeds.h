// Seeds that a target makes by itself, because only it knows what its bytes mean.
#pragma once

#include "tests/fuzz/target.h"

namespace sluice::fuzz {

std::vector<Blob> aggregate_seeds();    // aggregates.cpp
std::vector<Blob> tls_seeds();          // tls_records.cpp
std::vector<Blob> token_seeds();        // tokens.cpp
std::vector<Blob> catalog_seeds();      // catalog.cpp
std::vector<Blob> block_seeds();        // blocks.cpp
std::vector<Blob> kafka_door_seeds();   // kafka_door.cpp
std::vector<Blob> sasl_seeds();         // sasl.cpp

inline Blob blob_of(std::string_view text) {
    const auto bytes = bytes_of(text);
    return {bytes.begin(), bytes.end()};
}

}   // namespace sluice::fuzz
