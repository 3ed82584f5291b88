#include <doctest/doctest.h>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using streams::HashKey;

TEST_CASE("a split seals the parent, and its children take the next numbers, lower half first") {
    World w;
    auto stream = w.create("s");
    auto& parent = *stream->shards[0];
    REQUIRE(w.put(parent, {"old"}));
    REQUIRE(w.engine->split(*stream, 0, HashKey{std::uint64_t{1} << 63, 0}));
    w.settle();
    REQUIRE(stream->shards.size() == 3);
    CHECK(stream->shards[1]->range.first == HashKey{0, 0});
    CHECK(stream->shards[1]->range.last == HashKey{(std::uint64_t{1} << 63) - 1, UINT64_MAX});
    CHECK(stream->shards[2]->range.last == HashKey::max());
    CHECK(parent.children == std::vector<std::int32_t>{1, 2});
    CHECK(stream->shards[1]->created_s == to_ms(*parent.closed) / 1000 + 1);
    CHECK(w.queue(parent, {"new"}).error() == Fault::sealed);
    CHECK(w.values(parent) == std::vector<std::string>{"old"});
    REQUIRE(w.put(*stream->open_shard_for(HashKey{0, 5}), {"low"}));
    CHECK(w.values(*stream->shards[1]) == std::vector<std::string>{"low"});
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}

TEST_CASE("a split key lies inside: above start + 1 and below the end") {
    World w;
    auto stream = w.create("s");
    CHECK(w.engine->split(*stream, 0, HashKey{0, 1}).error() == Fault::bad_hash_key);
    CHECK(w.engine->split(*stream, 0, HashKey::max()).error() == Fault::bad_hash_key);
    CHECK(w.engine->split(*stream, 0, HashKey{0, 2}));
    CHECK(w.engine->split(*stream, 0, HashKey{0, 5}).error() == Fault::sealed);
    CHECK(w.engine->split(*stream, 9, HashKey{0, 5}).error() == Fault::not_found);
}

TEST_CASE("neighbours merge into one shard with both parents, strangers do not") {
    World w;
    auto stream = w.create("s", 3);
    CHECK(w.engine->merge(*stream, 0, 2).error() == Fault::not_adjacent);
    CHECK(w.engine->merge(*stream, 1, 0).error() == Fault::not_adjacent);
    REQUIRE(w.engine->merge(*stream, 0, 1));
    w.settle();
    CHECK(stream->shards[3]->parents == std::vector<std::int32_t>{0, 1});
    CHECK(stream->shards[0]->children == std::vector<std::int32_t>{3});
    CHECK(stream->shards[1]->children == std::vector<std::int32_t>{3});
    CHECK(stream->shards[3]->range.first == stream->shards[0]->range.first);
    CHECK(stream->shards[3]->range.last == stream->shards[1]->range.last);
}

TEST_CASE("partitions added by Kafka seal nothing and deal all ranges anew, and a Kinesis stream refuses them") {
    World w;
    auto topic = w.create("t", 2, "kafka");
    REQUIRE(w.put(*topic->shards[0], {"x"}));
    REQUIRE(w.engine->add_partitions(*topic, 4));
    w.settle();
    CHECK(topic->open_shards() == 4);
    CHECK(topic->shards[3]->range == streams::even_ranges(4)[3]);
    CHECK(topic->shards[0]->range == streams::even_ranges(4)[0]);
    CHECK(topic->shards[3]->parents.empty());
    CHECK(w.values(*topic->shards[0]) == std::vector<std::string>{"x"});
    CHECK(w.engine->add_partitions(*topic, 4).error() == Fault::bad_count);
    CHECK(w.engine->add_partitions(*w.create("s"), 2).error() == Fault::bad_count);
}

TEST_CASE("those who wait on a shard are woken when it is sealed") {
    World w;
    auto stream = w.create("s");
    Waiter waiter{w.io->get_executor()};
    waiter.watch(stream->shards[0]->appended);
    REQUIRE(w.engine->split(*stream, 0, HashKey{1, 0}));
    CHECK(waiter.woken());
}

TEST_CASE("with a state delay the parent takes records until the stream is ACTIVE again, and only then do its children open") {
    World w{{.state_delay = 2s}};
    w.clock().freeze();
    auto stream = w.create("s");
    w.clock().advance(2s);
    REQUIRE(stream->status == streams::StreamStatus::active);
    std::vector<std::int32_t> told;
    w.engine->on_resharded.emplace_back([&](const streams::Stream&, const Shard& parent) { told.push_back(parent.index); });
    REQUIRE(w.engine->split(*stream, 0, HashKey{std::uint64_t{1} << 63, 0}));
    CHECK(stream->status == streams::StreamStatus::updating);
    CHECK(w.engine->split(*stream, 0, HashKey{1, 0}).error() == Fault::not_active);
    w.clock().advance(1999ms);
    CHECK(stream->shards.size() == 1);
    CHECK(w.put(*stream->open_shard_for(HashKey::max()), {"while updating"}));
    CHECK(told.empty());
    w.clock().advance(1ms);
    CHECK(stream->status == streams::StreamStatus::active);
    CHECK(told == std::vector<std::int32_t>{0});
    REQUIRE(stream->shards.size() == 3);
    CHECK(w.queue(*stream->shards[0], {"late"}).error() == Fault::sealed);
    CHECK(stream->shards[0]->closed == w.clock().now());
    CHECK(stream->shards[1]->created_s == to_ms(w.clock().now()) / 1000 + 1);
    CHECK(w.values(*stream->shards[0]) == std::vector<std::string>{"while updating"});

    REQUIRE(w.engine->merge(*stream, 1, 2));
    CHECK(stream->open_shards() == 2);
    w.clock().advance(2s);
    CHECK(stream->open_shards() == 1);
    CHECK(stream->shards[3]->parents == std::vector<std::int32_t>{1, 2});
}

TEST_CASE("a restart in the middle of a split neither forgets it nor makes it wait anew") {
    World w{{.state_delay = 10s}};
    w.clock().freeze();
    w.create("s");
    w.clock().advance(10s);
    REQUIRE(w.engine->split(*w.engine->find(w.engine->default_world(), "s"), 0, HashKey{std::uint64_t{1} << 63, 0}));
    w.clock().advance(4s);
    w.settle();
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
    auto stream = w.engine->find(w.engine->default_world(), "s");
    CHECK(stream->status == streams::StreamStatus::updating);
    w.clock().advance(5999ms);
    CHECK(stream->shards.size() == 1);
    w.clock().advance(1ms);
    CHECK(stream->shards.size() == 3);
    CHECK(stream->open_shards() == 2);
    w.settle();
    const auto after = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == after);
}

TEST_CASE("a split that cannot be stored when its time comes is tried again after another delay") {
    World w{{.state_delay = 2s}};
    w.clock().freeze();
    auto stream = w.create("s");
    w.clock().advance(2s);
    w.settle();
    REQUIRE(w.engine->split(*stream, 0, HashKey{std::uint64_t{1} << 63, 0}));
    w.settle();
    w.store.fail(1, storage::Error::io, 1);
    w.clock().advance(2s);
    w.settle();
    CHECK(stream->status == streams::StreamStatus::updating);
    CHECK(stream->open_shards() == 1);
    CHECK(w.put(*stream->shards[0], {"still open"}));
    w.clock().advance(2s);
    w.settle();
    CHECK(stream->status == streams::StreamStatus::active);
    CHECK(stream->open_shards() == 2);
}
