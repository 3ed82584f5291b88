#include <doctest/doctest.h>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using Strings = std::vector<std::string>;

TEST_CASE("a record is readable after 23 h 59 min and gone after 25 h") {
    World w;
    w.clock().freeze();
    auto& shard = *w.create("s")->shards[0];
    REQUIRE(w.put(shard, {"x"}));
    w.clock().advance(23h + 59min);
    w.settle();
    CHECK(w.values(shard) == Strings{"x"});
    w.clock().advance(61min);
    CHECK(w.values(shard).empty());
    CHECK(w.engine->bounds(shard).begin == 1);
    CHECK(w.engine->bounds(shard).end == 1);
    w.settle();
    w.open();
    auto& again = *w.engine->find(w.engine->default_world(), "s")->shards[0];
    CHECK(w.engine->bounds(again).begin == 1);
    REQUIRE(w.put(again, {"y"}));
    CHECK(w.values(again) == Strings{"y"});
}

TEST_CASE("nobody needs to look for old records to leave the store") {
    World w;
    w.clock().freeze();
    auto& shard = *w.create("s")->shards[0];
    for (int i = 0; i < 10; ++i) {
        REQUIRE(w.put(shard, {std::string(1000, 'x')}));
        w.clock().advance(1h);
        w.settle();
    }
    w.clock().advance(24h);
    w.settle();
    while (w.engine->housekeep()) {
    }
    CHECK(w.store.snapshot()->live_bytes(shard.extents[0].log) == 0);
}

TEST_CASE("lowering a retention takes effect at once and raising it brings nothing back") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s");
    auto& shard = *stream->shards[0];
    REQUIRE(w.engine->set_retention(*stream, 48h));
    REQUIRE(w.put(shard, {"x"}));
    w.clock().advance(30h);
    CHECK(w.values(shard) == Strings{"x"});
    REQUIRE(w.engine->set_retention(*stream, 24h));
    CHECK(w.values(shard).empty());
    REQUIRE(w.engine->set_retention(*stream, 48h));
    CHECK(w.values(shard).empty());
}

TEST_CASE("raising a retention after records have expired does not bring them back though nobody had looked") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s");
    REQUIRE(w.put(*stream->shards[0], {"x"}));
    w.clock().advance(24h + 1ms);
    REQUIRE(w.engine->set_retention(*stream, 48h));
    CHECK(w.values(*stream->shards[0]).empty());
}

TEST_CASE("topics age by the records' own timestamps, and by append time as well once the clock was moved") {
    World w;
    auto stream = w.create("t", 1, "kafka");
    auto& shard = *stream->shards[0];
    REQUIRE(w.engine->set_retention(*stream, 1h));
    // A record that says it is two hours old goes at Kafka's next look, five minutes later at most …
    auto old = batch_of({"old"}, to_ms(w.clock().now() - 2h));
    REQUIRE(w.engine->append(shard, {.batch = old, .records = 1, .max_timestamp_ms = to_ms(w.clock().now() - 2h)}));
    w.settle();
    CHECK(w.values(shard) == Strings{"old"});
    w.time.move(5min + 1ms);
    w.settle();
    CHECK(w.values(shard).empty());
    // … but not when the virtual clock is ahead and the client stamped it with its own.
    w.clock().advance(25h);
    auto now = batch_of({"now"}, to_ms(w.time.now()));
    REQUIRE(w.engine->append(shard, {.batch = now, .records = 1, .max_timestamp_ms = to_ms(w.time.now())}));
    w.settle();
    CHECK(w.values(shard) == Strings{"now"});
    w.clock().advance(61min);
    CHECK(w.values(shard).empty());
}

TEST_CASE("advancing in one step equals advancing in many, and in slices of any size") {
    const auto run = [](const std::vector<milliseconds>& steps, std::size_t timers_in_a_slice = 1'000'000) {
        World w;
        w.clock().freeze();
        auto stream = w.create("s", 2);
        auto topic = w.create("t", 1, "kafka");
        for (int i = 0; i < 20; ++i) {
            REQUIRE(
                w.put(*stream->shards[static_cast<std::size_t>(i % 2)], {std::string(static_cast<std::size_t>(i) * 10, 'x')}));
            REQUIRE(w.put(*topic->shards[0], {"y"}));
            w.clock().advance(17min + 3ms);
        }
        REQUIRE(w.engine->split(*stream, 0, streams::HashKey{5, 0}));
        for (const auto step : steps) {
            auto move = w.clock().begin_advance(step);
            REQUIRE(move);
            while (!w.clock().go_on(*move, timers_in_a_slice)) w.settle();
            w.settle();
        }
        w.settle();
        return w.engine->dump();
    };
    const auto once = run({30h});
    CHECK(run({30h}, 1) == once);
    CHECK(run({30h}, 7) == once);
    CHECK(run({1h, 29h}) == once);
    std::vector<milliseconds> many(1800, 1min);
    CHECK(run(many) == once);
    CHECK(run({13h + 7ms, 11h + 1ms, 5h + 59min + 59s + 992ms}) == once);
}

TEST_CASE("usage is kept per virtual hour: what came in, what was stored, how long shards were open") {
    World w;
    w.clock().freeze();
    REQUIRE(w.clock().set(from_ms(1'700'002'800'000)));   // a full hour
    auto stream = w.create("s", 2);
    for (int i = 0; i < 3; ++i) REQUIRE(w.put(*stream->shards[0], {std::string(29'999, 'x')}));
    w.clock().advance(1h);
    w.settle();
    REQUIRE(w.put(*stream->shards[1], {"y"}));
    w.open();
    const auto told = w.engine->usage(*w.engine->find(w.engine->default_world(), "s"));
    REQUIRE(told.size() == 2);
    const auto& first = told[0].each;
    CHECK(told[0].first == 1'700'002'800'000 / 3'600'000);
    CHECK(first.records_in == 3);
    CHECK(first.bytes_in == 90'000);
    CHECK(first.payload_units_25k == 6);
    CHECK(first.bytes_in_rounded_1k == 3 * 30 * 1024);
    CHECK(first.open_shard_ms == 2 * 3'600'000);
    CHECK(first.stored_bytes > 90'000);
    CHECK(told[1].each.records_in == 1);
}

TEST_CASE("what comes after a downtime over full hours is counted in the hour it comes in") {
    World w;
    REQUIRE(w.clock().set(from_ms(1'700'002'800'000)));   // a full hour
    auto stream = w.create("s");
    REQUIRE(w.put(*stream->shards[0], {"x"}));
    stream.reset();
    w.engine.reset();
    w.time.move(2h + 1min);
    w.open();
    w.settle();
    const auto again = w.engine->find(w.engine->default_world(), "s");
    REQUIRE(w.put(*again->shards[0], {"y", "z"}));
    const auto told = w.engine->usage(*again);
    REQUIRE(told.size() == 3);
    CHECK(told[0].first == 472'223);
    CHECK(told[0].each.records_in == 1);
    CHECK(told[1].each.records_in == 0);
    CHECK(told[1].each.open_shard_ms == 3'600'000);
    CHECK(told[2].first == 472'225);
    CHECK(told[2].each.records_in == 2);
}

namespace {

streams::StreamPointer sized(World& w, std::int64_t bytes, std::int32_t shards = 1) {
    Engine::NewStream wanted;
    wanted.name = "t";
    wanted.shards = shards;
    wanted.profile = "kafka";
    wanted.retention_for_ever = true;
    wanted.retention_bytes = bytes;
    auto made = w.engine->create(w.engine->default_world(), wanted);
    w.settle();
    return made->stream;
}

// Batches of exactly 100, 200 … bytes.
std::string filler(std::size_t batch_bytes) {
    std::string value;
    while (batch_of({value}, 0).size() < batch_bytes) value += 'x';
    return value;
}

}   // namespace

TEST_CASE("retention.bytes drops the oldest batches while what is left without them is not below it") {
    World w;
    w.clock().freeze();
    auto topic = sized(w, 300);
    auto& shard = *topic->shards[0];
    const auto hundred = filler(100), two_hundred = filler(200);
    for (int i = 0; i < 3; ++i) REQUIRE(w.put(shard, {hundred}));
    CHECK(w.engine->bounds(shard).begin == 0);   // 300: the size itself is kept
    REQUIRE(w.put(shard, {two_hundred}));        // 500: two of 100 go
    CHECK(w.engine->bounds(shard).begin == 2);
    CHECK(w.values(shard).size() == 2);
    REQUIRE(w.put(shard, {hundred}));   // 100, 200, 100: without the first 300 are left
    CHECK(w.engine->bounds(shard).begin == 3);
    REQUIRE(w.put(shard, {hundred}));   // 200, 100, 100: without the first only 200
    CHECK(w.engine->bounds(shard).begin == 3);
    CHECK(w.engine->bounds(shard).end == 6);
}

TEST_CASE("what retention.bytes drops is gone at once for readers, at the next full minute for the store, and after a restart") {
    World w;
    w.clock().freeze();
    auto topic = sized(w, 200);
    auto* shard = topic->shards[0].get();
    const auto hundred = filler(100);
    for (int i = 0; i < 10; ++i) REQUIRE(w.put(*shard, {hundred}));
    CHECK(w.engine->bounds(*shard).begin == 8);
    const auto log = shard->extents[0].log;
    CHECK(w.store.snapshot()->live_bytes(log) == 1000);
    w.open();
    shard = w.engine->find(w.engine->default_world(), "t")->shards[0].get();
    CHECK(w.engine->bounds(*shard).begin == 8);
    w.clock().advance(1min);
    w.settle();
    CHECK(w.store.snapshot()->live_bytes(log) == 200);
    w.open();
    shard = w.engine->find(w.engine->default_world(), "t")->shards[0].get();
    CHECK(w.engine->bounds(*shard).begin == 8);
    REQUIRE(w.put(*shard, {hundred}));
    CHECK(w.engine->bounds(*shard).begin == 9);
    CHECK(w.engine->bounds(*shard).end == 11);
}

TEST_CASE("retention.bytes leaves the same whenever somebody looks, in one step or many, and beside retention.ms") {
    const auto run = [](bool look, const std::vector<milliseconds>& steps, bool restart) {
        World w;
        w.clock().freeze();
        auto topic = sized(w, 1000, 2);
        REQUIRE(w.engine->set_retention(*topic, 2h));
        Random sizes{11};
        for (int i = 0; i < 60; ++i) {
            REQUIRE(w.put(*topic->shards[sizes.below(2)], {std::string(sizes.below(400), 'x')}));
            if (look) w.engine->bounds(*topic->shards[0]);
            for (const auto step : steps) w.clock().advance(step);
            w.settle();
            if (restart && i % 7 == 0) {
                w.open();
                topic = w.engine->find(w.engine->default_world(), "t");
            }
        }
        return w.engine->dump();
    };
    const auto wanted = run(false, {3min}, false);
    CHECK(run(true, {3min}, false) == wanted);
    CHECK(run(false, {1min, 59s, 1s, 1min}, false) == wanted);
    CHECK(run(true, {3min}, true) == wanted);
}

TEST_CASE("retention.bytes is Kafka's: a stream with Kinesis's manners keeps what its time keeps") {
    World w;
    Engine::NewStream wanted;
    wanted.name = "s";
    wanted.manners = streams::Manners::kinesis;
    wanted.profile = "kinesis";
    wanted.retention_bytes = 1;
    auto stream = w.engine->create(w.engine->default_world(), wanted)->stream;
    for (int i = 0; i < 3; ++i) REQUIRE(w.put(*stream->shards[0], {"x"}));
    CHECK(w.values(*stream->shards[0]).size() == 3);
}

TEST_CASE("what expired while nobody was up can be kept for a minute: out of sight, and there again for an earlier clock") {
    World w;
    const auto stream = w.create("orders");
    REQUIRE(w.put(*stream->shard(0), {"a", "b"}));
    const auto then = w.clock().save();
    w.time.move(48h);
    w.open();
    const auto begin_of = [&] {
        auto& shard = *w.engine->find(w.engine->default_world(), "orders")->shard(0);
        return w.engine->bounds(shard).begin;
    };
    w.engine->keep_expired(60s);
    CHECK(begin_of() == 2);
    SUBCASE("back within the minute") {
        w.time.move(59'999ms);
        w.settle();
        w.open();
        auto state = then;
        state.real_ms = to_ms(w.time.now());
        w.clock().restore(state);
        CHECK(begin_of() == 0);
    }
    SUBCASE("dropped after it") {
        w.time.move(60s);
        w.settle();
        w.open();
        auto state = then;
        state.real_ms = to_ms(w.time.now());
        w.clock().restore(state);
        CHECK(begin_of() == 2);
    }
}
