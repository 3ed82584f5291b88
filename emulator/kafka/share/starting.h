// Where a share group begins in a partition that it has not read yet: share.auto.offset.reset says latest, earliest, or
// by_duration: and a span in the words of ISO 8601 (KIP-1106).
#pragma once

#include <cctype>
#include <limits>
#include <string_view>

#include "emulator/runtime/clock.h"

namespace sluice::kafka {

struct ShareStart {
    enum Kind : std::uint8_t { latest, earliest, duration } kind = latest;
    milliseconds back{};
};

// What Kafka would refuse begins at the end, as when nobody says.
inline ShareStart share_start(std::string_view text) {
    constexpr std::string_view by_duration = "by_duration:P";
    if (text == "earliest") return {ShareStart::earliest, {}};
    if (!text.starts_with(by_duration)) return {};
    ShareStart start{ShareStart::duration, {}};
    bool of_day = false;
    std::int64_t number = 0;
    for (const char c : text.substr(by_duration.size())) {
        if (std::isdigit(static_cast<unsigned char>(c))) {
            if (number > std::numeric_limits<std::int32_t>::max()) return {};
            number = number * 10 + (c - '0');
        } else if (c == 'T') {
            of_day = true;
        } else {
            const std::int64_t unit = !of_day && c == 'D'  ? 86'400'000
                                      : of_day && c == 'H' ? 3'600'000
                                      : of_day && c == 'M' ? 60'000
                                      : of_day && c == 'S' ? 1'000
                                                           : 0;
            if (unit == 0) return {};
            start.back += milliseconds{number * unit};
            number = 0;
        }
    }
    return start;
}

}   // namespace sluice::kafka
