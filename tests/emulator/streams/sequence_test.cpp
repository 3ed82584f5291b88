#include "emulator/streams/log/sequence.h"

#include <doctest/doctest.h>

#include "emulator/streams/catalog/hash_key.h"

using namespace sluice::streams;

namespace {
std::string_view text(const SequenceDigits& digits) { return {digits.data(), digits.size()}; }
}   // namespace

TEST_CASE("sequence numbers are the documented 56 digits") {
    CHECK(to_string(Sequence{.created_s = 1700000000, .index = 0, .arrived_s = 1700000000, .shard = 0}) ==
          "49646437577108476416916876405825929425585429676275269634");
    CHECK(to_string(Sequence{.created_s = 1700000000, .index = 5, .arrived_s = 1700000100, .shard = 1}) ==
          "49646437577130777162115407028973509772956158055602454546");
}

TEST_CASE("a real number of 2026 tells its parts") {
    const auto s = parse_sequence("49674026002850188218576229259473476449429298564223254594");
    REQUIRE(s);
    CHECK(*s == Sequence{.created_s = 1777319237, .index = 0x50ccb9d26, .arrived_s = 1777320018, .shard = 3076});
}

TEST_CASE("every part survives the way out and back") {
    for (const std::int64_t index : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1} << 40, closing_index})
        for (const std::int32_t shard : {0, 15, 16, 65'535, 2'147'483'647}) {
            const Sequence s{.created_s = 1'796'000'000, .index = index, .arrived_s = 1'796'000'123, .shard = shard};
            CHECK(parse_sequence(to_string(s)) == s);
        }
}

TEST_CASE("a number behind a record is above it and below the next one, and says so") {
    const Sequence record{.created_s = 1'796'000'000, .index = 7, .arrived_s = 1'796'000'123, .shard = 2};
    auto behind = record, next = record;
    behind.behind = true;
    ++next.index, next.arrived_s = record.created_s;   // the clock was set back
    CHECK(to_string(record) < to_string(behind));
    CHECK(to_string(behind) < to_string(next));
    CHECK(parse_sequence(to_string(behind)) == behind);
    CHECK_FALSE(parse_sequence(to_string(next))->behind);
}

TEST_CASE("numbers of a shard in a row are the same as each by itself") {
    const Sequence start{.created_s = 1'796'000'000, .index = 1, .arrived_s = 1'796'000'123, .shard = 7};
    SequenceRun run;
    auto s = start;
    for (int i = 0; i < 300; ++i, ++s.index) CHECK(text(run.at(s)) == to_string(s));
    for (const auto& change : {Sequence{s.created_s, s.index + 1, s.arrived_s + 1, s.shard},
                               Sequence{s.created_s, s.index + 9, s.arrived_s + 1, s.shard},
                               Sequence{s.created_s, s.index + 10, s.arrived_s + 1, s.shard + 1}, start, start})
        CHECK(text(run.at(change)) == to_string(change));
    for (std::int64_t index = closing_index - 40; index < closing_index; ++index) {   // additions that carry into every part
        s.index = index;
        CHECK(text(run.at(s)) == to_string(s));
    }
}

TEST_CASE("old and short forms are parsed as AWS parses them") {
    CHECK(parse_sequence("5")->version == 0);
    CHECK(parse_sequence("5")->shard == 5);
    CHECK(parse_sequence("0")->shard == 0);
}

TEST_CASE("what is no sequence number is refused") {
    CHECK_FALSE(parse_sequence(""));
    CHECK_FALSE(parse_sequence("x"));
    CHECK_FALSE(parse_sequence("-1"));
    CHECK_FALSE(parse_sequence(std::string(129, '9')));
    CHECK_FALSE(parse_sequence("49039857307708443467467104868809893875799651909875269639"));   // version 7
}

TEST_CASE("keys are placed by the MD5 of their bytes") {
    CHECK(to_string(hash_of("a")) == "16955237001963240173058271559858726497");
    CHECK(to_string(hash_of("b")) == "195289424170611159128911017612795795343");
    CHECK(to_string(hash_of("1")) == "261578874264819908609102035485573088411");
}

TEST_CASE("three shards divide the space as AWS divides it") {
    const auto r = even_ranges(3);
    CHECK(to_string(r[0].first) == "0");
    CHECK(to_string(r[0].last) == "113427455640312821154458202477256070484");
    CHECK(to_string(r[1].first) == "113427455640312821154458202477256070485");
    CHECK(to_string(r[2].first) == "226854911280625642308916404954512140970");
    CHECK(to_string(r[2].last) == "340282366920938463463374607431768211455");
    CHECK(to_string(even_ranges(2)[1].first) == "170141183460469231731687303715884105728");
}

TEST_CASE("hash keys are decimal and at most 2^128 - 1") {
    CHECK(parse_hash_key("340282366920938463463374607431768211455") == HashKey::max());
    CHECK_FALSE(parse_hash_key("340282366920938463463374607431768211456"));
    CHECK_FALSE(parse_hash_key("12a"));
    CHECK_FALSE(parse_hash_key(""));
}
