// UpdateShardCount from inside: which shards there are at the end and on the way, and that neither a restart in the middle nor a
// store that fails leaves half of it.
#include "emulator/streams/catalog/uniform.h"

#include <doctest/doctest.h>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using streams::even_ranges;
using streams::HashKey;
using streams::HashRange;

namespace {

std::vector<HashRange> open_ranges(const streams::Stream& stream) {
    std::vector<HashRange> ranges;
    for (const auto& shard : stream.open_ranges) ranges.push_back(shard->range);
    return ranges;
}

std::vector<std::int32_t> open_indexes(const streams::Stream& stream) {
    std::vector<std::int32_t> indexes;
    for (const auto& shard : stream.open_ranges) indexes.push_back(shard->index);
    return indexes;
}

// Whether they follow one another and leave nothing out.
bool whole(const std::vector<HashRange>& ranges) {
    bool good = ranges.front().first == HashKey{} && ranges.back().last == HashKey::max();
    for (std::size_t i = 1; i < ranges.size(); ++i) good = good && ranges[i].first == streams::next(ranges[i - 1].last);
    return good;
}

}   // namespace

TEST_CASE("scaling makes as many shards as AWS was seen to make, and ends with the asked number of open ones") {
    const std::int32_t seen[][3]{{2, 4, 6}, {4, 5, 15}, {10, 13, 37}, {4, 2, 6}, {5, 3, 7}, {10, 3, 17}, {4, 3, 11}};
    for (const auto& [from, to, total] : seen) {
        CAPTURE(from);
        CAPTURE(to);
        World w;
        auto stream = w.create("s", from);
        REQUIRE(w.engine->scale(*stream, to));
        w.settle();
        CHECK(std::ssize(stream->shards) == total);
        CHECK(std::ssize(stream->open_ranges) == to);
        CHECK(whole(open_ranges(*stream)));
        const auto before = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == before);
    }
}

TEST_CASE("from 4 to 3 the pieces are put together from the lowest key up, as AWS was seen to do it") {
    World w;
    auto stream = w.create("s", 4);
    REQUIRE(w.engine->scale(*stream, 3));
    CHECK(open_indexes(*stream) == std::vector<std::int32_t>{6, 9, 10});
    CHECK(stream->shards[6]->parents == std::vector<std::int32_t>{0, 4});
    CHECK(stream->shards[9]->parents == std::vector<std::int32_t>{5, 7});
    CHECK(stream->shards[10]->parents == std::vector<std::int32_t>{8, 3});
    CHECK(stream->shards[4]->parents == std::vector<std::int32_t>{1});
    CHECK(stream->shards[4]->sealed);
    CHECK(stream->shards[1]->children == std::vector<std::int32_t>{4, 5});
}

TEST_CASE("a target that is a multiple of a quarter ends with equal ranges, whatever the ranges were") {
    for (const auto& [from, to] : {std::pair{4, 5}, {4, 6}, {4, 7}, {4, 8}, {4, 3}, {4, 2}, {8, 6}, {2, 3}, {1, 2}, {16, 20}}) {
        CAPTURE(from);
        CAPTURE(to);
        World w;
        auto stream = w.create("s", from);
        REQUIRE(w.engine->scale(*stream, to));
        CHECK(open_ranges(*stream) == even_ranges(to));
    }
    World w;
    auto stream = w.create("s", 1);
    REQUIRE(w.engine->split(*stream, 0, HashKey{0, 7}));
    REQUIRE(w.engine->scale(*stream, 4));
    CHECK(open_ranges(*stream) == even_ranges(4));
}

TEST_CASE("with another target each boundary is where it should be or where the nearest one was") {
    World w;
    auto grown = w.create("grown", 10);
    REQUIRE(w.engine->scale(*grown, 13));
    const auto wanted = even_ranges(13), had = even_ranges(10), got = open_ranges(*grown);
    int exact = 0, old = 0;
    for (std::size_t i = 1; i < got.size(); ++i) {
        const auto starts_with = [&](const auto& range) { return range.first == got[i].first; };
        exact += std::ranges::any_of(wanted, starts_with);
        old += std::ranges::any_of(had, starts_with);
    }
    CHECK(exact == 10);
    CHECK(old == 2);
    auto shrunk = w.create("shrunk", 5);
    REQUIRE(w.engine->scale(*shrunk, 3));
    const auto fifths = even_ranges(5);
    CHECK(open_ranges(*shrunk) ==
          std::vector<HashRange>{{fifths[0].first, fifths[1].last}, fifths[2], {fifths[3].first, fifths[4].last}});
}

TEST_CASE("scaling of uneven shards reaches any number, and covers everything") {
    for (std::int32_t target = 1; target < 40; ++target) {
        CAPTURE(target);
        World w;
        auto stream = w.create("s", 1);
        for (std::uint64_t at = 3; stream->open_shards() < 9; at *= 17)
            REQUIRE(w.engine->split(*stream, stream->open_shard_for(HashKey::max())->index, HashKey{0, at}));
        REQUIRE(w.engine->scale(*stream, target));
        CHECK(std::ssize(stream->open_ranges) == target);
        CHECK(whole(open_ranges(*stream)));
    }
}

TEST_CASE("at the number that there is nothing changes") {
    World w;
    auto stream = w.create("s", 4);
    const auto before = w.engine->dump();
    const auto done = w.engine->scale(*stream, 4);
    REQUIRE(done);
    CHECK(w.wait(*done));
    CHECK(w.engine->dump() == before);
}

TEST_CASE("scaling goes through UPDATING: parents take records until it is over, and a restart in the middle does not end it") {
    World w{{.state_delay = 10s}};
    w.clock().freeze();
    auto stream = w.create("s", 4);
    w.clock().advance(10s);
    REQUIRE(w.engine->scale(*stream, 5));
    CHECK(stream->status == streams::StreamStatus::updating);
    CHECK(w.engine->scale(*stream, 6).error() == Fault::not_active);
    CHECK(w.engine->split(*stream, 0, HashKey{0, 9}).error() == Fault::not_active);
    REQUIRE(w.put(*stream->shards[3], {"while updating"}));
    w.clock().advance(4s);
    w.settle();
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
    stream = w.engine->find(w.engine->default_world(), "s");
    w.clock().advance(5999ms);
    CHECK(stream->shards.size() == 4);
    w.clock().advance(1ms);
    CHECK(stream->status == streams::StreamStatus::active);
    CHECK(stream->shards.size() == 15);
    CHECK(open_ranges(*stream) == even_ranges(5));
    CHECK(w.values(*stream->shards[3]) == std::vector<std::string>{"while updating"});
    w.settle();
    const auto after = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == after);
}

TEST_CASE("scaling that cannot be stored leaves the shards as they were") {
    World w;
    auto stream = w.create("s", 4);
    REQUIRE(w.put(*stream->shards[0], {"kept"}));
    const auto before = w.engine->dump();
    w.store.fail(1);
    const auto lost = w.engine->scale(*stream, 5);
    REQUIRE(lost);
    CHECK_FALSE(w.wait(*lost));
    CHECK(w.engine->dump() == before);
    const auto again = w.engine->scale(*stream, 5);
    REQUIRE(again);
    CHECK(w.wait(*again));
    CHECK(stream->open_shards() == 5);
}

TEST_CASE("the short-lived shards of scaling expire with the parents") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s", 4);
    REQUIRE(w.engine->scale(*stream, 3));
    w.settle();
    w.clock().advance(24h + 2min);
    w.settle();
    CHECK(std::ranges::count_if(stream->shards, [](const auto& shard) { return shard->expired; }) == 8);
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}

TEST_CASE("scaling beyond what a stream may show is refused, with the short-lived shards counted") {
    World w;
    auto stream = w.create("s", 9'000);
    CHECK(w.engine->scale(*stream, 9'001).error() == Fault::bad_count);   // 9,000 are split and 8,999 pairs merged
    CHECK(w.engine->scale(*stream, 0).error() == Fault::bad_count);
    CHECK(w.engine->scale(*stream, 20'001).error() == Fault::bad_count);
    CHECK(stream->shards.size() == 9'000);
}
