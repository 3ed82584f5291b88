// Hours that are ended when something changes or somebody looks, never because one is full.
#include <doctest/doctest.h>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using streams::Meter;
using streams::Usage;
using streams::UsageSpan;

namespace {

constexpr std::int64_t first_hour = 1'700'002'800'000 / 3'600'000;   // 472'223

Usage use(std::uint64_t records, std::uint64_t open_ms, std::uint64_t stored) {
    Usage usage;
    usage.records_in = records, usage.open_shard_ms = open_ms, usage.stored_bytes = stored;
    return usage;
}

std::size_t values_in_store(World& w) {
    std::size_t count = 0;
    w.store.snapshot()->scan("", [&](std::string_view, std::string_view) {
        ++count;
        return true;
    });
    return count;
}

}   // namespace

TEST_CASE("equal hours in a row are one span, an hour with other use begins the next") {
    auto meter = Meter::since(10 * 3'600'000, 2);
    CHECK(meter.roll(use(5, 0, 100), 11 * 3'600'000).empty());
    CHECK(meter.last == UsageSpan{10, 1, use(5, 7'200'000, 100)});
    const auto over = meter.roll(use(5, 0, 100), 5'000 * std::int64_t{3'600'000});
    REQUIRE(over.size() == 1);
    CHECK(over[0] == UsageSpan{10, 1, use(5, 7'200'000, 100)});
    CHECK(meter.last == UsageSpan{11, 4'989, use(0, 7'200'000, 100)});
    CHECK(meter.running(use(8, 0, 130), 5'000 * std::int64_t{3'600'000} + 1'000) == UsageSpan{5'000, 1, use(3, 2'000, 130)});
}

TEST_CASE("a span that is ended hour by hour equals one that is ended at once") {
    auto once = Meter::since(0, 1), often = Meter::since(0, 1);
    for (std::int64_t hour = 1; hour <= 50; ++hour) CHECK(often.roll({}, hour * 3'600'000 + 7).empty());
    CHECK(once.roll({}, 50 * 3'600'000 + 7).empty());
    CHECK(encode(once) == encode(often));
}

TEST_CASE("what failed to be stored after its hour had ended is taken from the next hour, and none has less than nothing") {
    auto meter = Meter::since(0, 1);
    (void)meter.roll(use(5, 0, 0), 3'600'000);
    CHECK(meter.running(use(4, 0, 0), 3'600'001).each.records_in == 0);   // one of the five was undone
    (void)meter.roll(use(6, 0, 0), 7'200'000);
    CHECK(meter.last->each.records_in == 1);   // 5 + 1 = 6
}

TEST_CASE("a stored meter and a stored span come back, with the fields of a later build skipped and older ones short") {
    auto meter = Meter::since(3'600'000'000, 3);
    (void)meter.roll(use(5, 0, 10), 7'200'000'000);
    const auto bytes = encode(meter);
    REQUIRE(streams::decode_meter(bytes));
    CHECK(encode(*streams::decode_meter(bytes)) == bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(streams::decode_meter(bytes.substr(0, size)));
    std::string shorter{"\x02\x07\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0rest", 21};
    std::string_view from{shorter};
    const auto two = streams::take_usage(from);
    REQUIRE(two);
    CHECK(two->records_in == 7);
    CHECK(two->bytes_in == 9);
    CHECK(from == "rest");
    std::string longer{static_cast<char>(14)};
    longer += std::string(14 * 8, '\0') + "rest";
    from = longer;
    CHECK(streams::take_usage(from) == Usage{});
    CHECK(from == "rest");
    CHECK_FALSE(streams::decode_span(""));
    CHECK_FALSE(streams::decode_span(std::string(9, '\0')));
}

TEST_CASE("idle hours store nothing, however many pass and whoever looks") {
    World w;
    w.clock().freeze();
    REQUIRE(w.clock().set(from_ms(1'700'002'800'000)));   // a full hour
    for (int i = 0; i < 20; ++i) w.create("s" + std::to_string(i));
    auto stream = w.engine->find(w.engine->default_world(), "s0");
    w.settle();
    const auto before = values_in_store(w);
    const auto commits = w.store.commits();
    w.clock().advance(8'760h);
    w.settle();
    CHECK(w.store.commits() - commits == 1);   // the clock
    CHECK(w.engine->usage(*stream) ==
          std::vector<UsageSpan>{{first_hour, 8'760, use(0, 3'600'000, 0)}, {first_hour + 8'760, 1, {}}});
    w.settle();
    CHECK(w.store.commits() - commits == 1);
    CHECK(values_in_store(w) == before);
    REQUIRE(w.put(*stream->shards[0], {"x"}));
    CHECK(values_in_store(w) == before + 2);   // the shard's counters and the stream's meter
}

TEST_CASE("stored bytes fall in the hour in which the retention is carried out, also while nobody writes") {
    World w;
    w.clock().freeze();
    REQUIRE(w.clock().set(from_ms(1'700'002'800'000)));
    auto stream = w.create("s");
    REQUIRE(w.put(*stream->shards[0], {std::string(1'000, 'x')}));
    const auto stored = w.engine->live_bytes(*stream->shards[0]);
    REQUIRE(w.clock().set(from_ms(1'700'002'800'000) + 30min));
    REQUIRE(w.put(*stream->shards[0], {std::string(1'000, 'y')}));
    w.clock().advance(100h);
    w.settle();
    const auto spans = w.engine->usage(*stream);
    REQUIRE(spans.size() == 4);
    CHECK(spans[0] == UsageSpan{first_hour, 1, spans[0].each});
    CHECK(spans[0].each.stored_bytes == 2 * stored);
    CHECK(spans[1] == UsageSpan{first_hour + 1, 23, use(0, 3'600'000, 2 * stored)});
    CHECK(spans[2] == UsageSpan{first_hour + 24, 76, use(0, 3'600'000, 0)});
    CHECK(spans[3] == UsageSpan{first_hour + 100, 1, use(0, 1'800'000, 0)});
}

TEST_CASE("after a restart the bytes that a shard stores are those that its log holds") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s", 2);
    for (int i = 0; i < 30; ++i) {
        REQUIRE(w.put(*stream->shards[static_cast<std::size_t>(i % 2)], {std::string(static_cast<std::size_t>(i) * 7, 'x')}));
        w.clock().advance(1h + 7min);
    }
    const auto check = [&](const streams::Stream& s) {
        std::uint64_t whole = 0;
        for (const auto& shard : s.shards) {
            const auto held = w.store.snapshot()->live_bytes(shard->extents.back().log);
            CHECK(held > 0);
            CHECK(shard->usage.stored_bytes == held);
            whole += held;
        }
        CHECK(s.total.stored_bytes == whole);
    };
    w.settle();
    check(*stream);
    const auto total = stream->total;
    stream.reset();
    w.open();
    auto again = w.engine->find(w.engine->default_world(), "s");
    check(*again);
    CHECK(again->total == total);
    CHECK(w.engine->total_usage(w.engine->default_world()) == total);
    // A trim that was stored without the counters, as in a store that was full: they are counted again from the log.
    storage::Batch trim;
    trim.trim(again->shards[0]->extents.back().log, again->shards[0]->end - 1);
    REQUIRE(w.store.commit(trim));
    again.reset();
    w.open();
    check(*w.engine->find(w.engine->default_world(), "s"));
}

TEST_CASE("shards that open and close change the open time from that moment on") {
    World w;
    w.clock().freeze();
    REQUIRE(w.clock().set(from_ms(1'700'002'800'000)));
    auto stream = w.create("s");
    w.clock().advance(3h + 30min);
    REQUIRE(w.engine->split(*stream, 0, streams::HashKey{1ull << 63, 0}));
    w.settle();
    stream.reset();
    w.open();
    w.clock().advance(2h);
    const auto spans = w.engine->usage(*w.engine->find(w.engine->default_world(), "s"));
    REQUIRE(spans.size() == 4);
    CHECK(spans[0] == UsageSpan{first_hour, 3, use(0, 3'600'000, 0)});
    CHECK(spans[1] == UsageSpan{first_hour + 3, 1, use(0, 1'800'000 + 2 * 1'800'000, 0)});
    CHECK(spans[2] == UsageSpan{first_hour + 4, 1, use(0, 7'200'000, 0)});
    CHECK(spans[3] == UsageSpan{first_hour + 5, 1, use(0, 3'600'000, 0)});
}

TEST_CASE("what a stream used stays in the store when it is deleted") {
    World w;
    w.clock().freeze();
    REQUIRE(w.clock().set(from_ms(1'700'002'800'000)));
    auto stream = w.create("s");
    REQUIRE(w.put(*stream->shards[0], {"x"}));
    w.clock().advance(5h + 6min);
    REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
    w.settle();
    std::vector<std::int64_t> hours;
    w.store.snapshot()->scan(std::string_view{"\0\0\0\0U", 5}, [&](std::string_view, std::string_view value) {
        hours.push_back(streams::decode_span(value)->hours);
        return true;
    });
    CHECK(hours == std::vector<std::int64_t>{1, 4, 1});
}

TEST_CASE("a producer is forgotten after a day of real silence, and no jump of the clock makes it a stranger") {
    World w;
    auto stream = w.create("s");
    auto& shard = *stream->shards[0];
    const auto from_producer = [&](std::int32_t sequence) {
        return w.put(shard, {"x"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = sequence});
    };
    REQUIRE(from_producer(0));
    w.clock().advance(25h);
    w.settle();
    REQUIRE(shard.producers.contains(7));
    REQUIRE(from_producer(1));
    w.time.move(23h + 59min);
    w.settle();
    REQUIRE(from_producer(2));   // and it is a sign of life
    w.time.move(23h + 59min);
    w.settle();
    CHECK(shard.producers.contains(7));
    stream.reset();
    w.open();   // the day goes on over a restart
    auto& again = *w.engine->find(w.engine->default_world(), "s")->shards[0];
    CHECK(again.producers.contains(7));
    w.time.move(2min);
    w.settle();
    CHECK_FALSE(again.producers.contains(7));
    w.settle();
    w.open();
    CHECK(w.engine->find(w.engine->default_world(), "s")->shards[0]->producers.empty());
}

TEST_CASE("clients that are to expire with the clock take their producers along") {
    World w;
    auto& shard = *w.create("s")->shards[0];
    REQUIRE(w.put(shard, {"x"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0}));
    w.clock().advance(25h, true);
    w.settle();
    CHECK_FALSE(shard.producers.contains(7));
}

TEST_CASE("killed in the middle of a long move, the store opens with the clock it had come to and nothing younger is lost") {
    World w;
    w.clock().freeze();
    REQUIRE(w.clock().set(from_ms(1'700'002'800'000)));
    auto stream = w.create("s");
    for (int i = 0; i < 20; ++i) {
        REQUIRE(w.put(*stream->shards[0], {std::to_string(i)}));
        w.clock().advance(1h);
    }
    auto move = w.clock().begin_advance(100h);
    REQUIRE(move);
    CHECK_FALSE(w.clock().go_on(*move, 5));
    w.settle();   // stored: five records are gone
    const auto reached = w.clock().now();
    CHECK(reached == from_ms(1'700'002'800'000) + 28h + 1min);
    CHECK_FALSE(w.clock().go_on(*move, 5));
    w.store.fail(1, storage::Error::io, 1'000);   // and this slice never comes to the disk
    stream.reset();
    w.engine.reset();
    w.store.fail(0);
    w.open();
    CHECK(w.clock().now() == reached);
    const auto left = w.values(*w.engine->find(w.engine->default_world(), "s")->shards[0]);
    REQUIRE(left.size() == 15);
    CHECK(left.front() == "5");
}

TEST_CASE("what was queued before a move of the clock is stored as of before it") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s");
    REQUIRE(w.queue(*stream->shards[0], {"x"}));
    w.clock().advance(25h);
    w.settle();
    CHECK(stream->shards[0]->begin == 1);   // its day is over, and the store was told when it was
    CHECK(stream->shards[0]->usage.stored_bytes == 0);
}
