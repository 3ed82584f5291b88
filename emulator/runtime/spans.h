// Spans of time, moments and sizes as people write them: `90s`, `23h59m`, `7d`, `2027-01-01T00:00:00Z`, `512MiB`. One
// spelling for flags, environment, config file and the words of the command line. A fault is a sentence with an example.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "emulator/runtime/clock.h"

namespace sluice {

// Numbers with ms, s, m, h, d or w, largest first or not, each unit once; `1.5h` is fine, a bare number but 0 is not.
std::expected<milliseconds, std::string> parse_span(std::string_view text);
// The way back, without zero parts: `1d1h`, `23h59m`, `0s`.
std::string show_span(milliseconds);

// RFC 3339: date, or date and time with Z or an offset; fractions are cut to milliseconds. Within the bounds of times (rule 32).
std::expected<Time, std::string> parse_time(std::string_view text);
// 2027-01-01T00:00:00Z, with .mmm only when there are some.
std::string show_time(Time);

// Bytes: a number with B, KB, MB, GB (1000s) or KiB, MiB, GiB (1024s), case ignored.
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);

}   // namespace sluice
