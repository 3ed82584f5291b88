// Metrics of a shard as a request and an answer name them, and as a stream keeps them: a bit for each.
#pragma once

#include <vector>

#include "emulator/streams/attributes.h"

namespace sluice::kinesis {

// ALL is each of them. Precondition: no other names than those.
inline std::uint32_t metric_bits(const std::vector<std::string_view>& names) {
    std::uint32_t bits = 0;
    for (const auto name : names) {
        if (name == "ALL") return streams::all_metrics;
        for (std::size_t i = 0; i < streams::metric_names.size(); ++i)
            if (streams::metric_names[i] == name) bits |= 1U << i;
    }
    return bits;
}

inline std::vector<std::string_view> metric_list(std::uint32_t bits) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < streams::metric_names.size(); ++i)
        if ((bits >> i & 1) != 0) names.push_back(streams::metric_names[i]);
    return names;
}

}   // namespace sluice::kinesis
