// Spans, moments and sizes as people write them.
#include <doctest/doctest.h>

#include "emulator/runtime/spans.h"

using namespace sluice;

TEST_CASE("a span is numbers with units, each unit once") {
    CHECK(parse_span("90s") == milliseconds{90'000});
    CHECK(parse_span("23h59m") == milliseconds{86'340'000});
    CHECK(parse_span("25h") == milliseconds{90'000'000});
    CHECK(parse_span("7d") == milliseconds{604'800'000});
    CHECK(parse_span("1w") == milliseconds{604'800'000});
    CHECK(parse_span("1ms") == milliseconds{1});
    CHECK(parse_span("1.5h") == milliseconds{5'400'000});
    CHECK(parse_span("0") == milliseconds{0});
    for (const auto* wrong : {"", "25", "h", "25x", "1h1h", "-1s", "1s ", "1e3s", "infs", "nans", "99999999999999d", "1h 5m"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_span(wrong));
    }
    CHECK(parse_span("soon").error() == "'soon' is no span of time; write it like 90s, 23h59m, 25h or 7d");
}

TEST_CASE("a span is shown without zero parts") {
    CHECK(show_span(milliseconds{90'000'000}) == "1d1h");
    CHECK(show_span(milliseconds{86'340'000}) == "23h59m");
    CHECK(show_span(milliseconds{0}) == "0s");
    CHECK(show_span(milliseconds{1'001}) == "1s1ms");
    CHECK(show_span(milliseconds{-60'000}) == "-1m");
}

TEST_CASE("a moment is a date, or date and time with Z or an offset") {
    CHECK(parse_time("2027-01-01T00:00:00Z") == from_ms(1'798'761'600'000));
    CHECK(parse_time("2027-01-01") == from_ms(1'798'761'600'000));
    CHECK(parse_time("2027-01-01T01:30:00+01:30") == from_ms(1'798'761'600'000));
    CHECK(parse_time("2026-12-31T23:00:00-0100") == from_ms(1'798'761'600'000));
    CHECK(parse_time("2027-01-01T00:00:00.1239Z") == from_ms(1'798'761'600'123));
    CHECK(parse_time("2027-01-01 00:00Z") == from_ms(1'798'761'600'000));
    for (const auto* wrong :
         {"", "2027", "2027-13-01", "2027-02-29", "2027-01-01T24:00:00Z", "2027-01-01T00:00:00", "2027-01-01T00:00:00Zx",
          "2027-01-01T00:00:00.Z", "1969-12-31", "2027-01--1", "2027-01-01T00:00:00+1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_time(wrong));
    }
}

TEST_CASE("a moment is shown as UTC, with milliseconds only when there are some") {
    CHECK(show_time(from_ms(1'798'761'600'000)) == "2027-01-01T00:00:00Z");
    CHECK(show_time(from_ms(1'798'761'600'007)) == "2027-01-01T00:00:00.007Z");
    CHECK(show_time(from_ms(0)) == "1970-01-01T00:00:00Z");
}

TEST_CASE("a size counts in thousands or, with an i, in 1024s") {
    CHECK(parse_size("512MiB") == 536'870'912u);
    CHECK(parse_size("4gib") == 4'294'967'296u);
    CHECK(parse_size("2MB") == 2'000'000u);
    CHECK(parse_size("77") == 77u);
    for (const auto* wrong : {"", "MiB", "1.5GiB", "-1", "3 MiB", "3XiB", "99999999999999999GiB"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_size(wrong));
    }
}
