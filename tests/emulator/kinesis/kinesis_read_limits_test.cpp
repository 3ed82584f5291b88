// The limits of a shard's readers at the Kinesis door, on time that stands still.
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

struct Reading {
    explicit Reading(const std::string& profile = "kinesis") {
        world.clock().freeze();
        stream = world.create("s", 2, profile);
    }
    json iterator(const json& more = json::object()) {
        json body{{"StreamName", "s"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "LATEST"}};
        body.update(more);
        return caller.ask("GetShardIterator", body);
    }
    int answered(int calls) {
        int count = 0;
        for (int i = 0; i < calls; ++i) count += iterator().contains("ShardIterator") ? 1 : 0;
        return count;
    }
    World world;
    Caller caller{world};
    streams::StreamPointer stream;
};

}   // namespace

TEST_CASE("GetShardIterator is answered five times a second on an open shard, and the sixth is told the reads' sentence") {
    Reading r;
    CHECK(r.answered(5) == 5);
    const auto sixth = r.iterator();
    CHECK(sixth["__type"] == "ProvisionedThroughputExceededException");
    CHECK(sixth["message"] == "Rate exceeded for Shard - 000000000000/s/shardId-000000000000");
    CHECK(r.iterator({{"ShardId", "shardId-000000000001"}}).contains("ShardIterator"));   // each shard has its own
    r.world.clock().advance(199ms);
    CHECK(r.answered(1) == 0);
    r.world.clock().advance(1ms);
    CHECK(r.answered(3) == 1);
    r.world.clock().advance(1h);
    CHECK(r.answered(9) == 5);
}

TEST_CASE("iterators and GetRecords have limits of their own, and a refused request or a dry run costs nothing") {
    Reading r;
    for (int i = 0; i < 20; ++i) {
        CHECK(r.iterator({{"DryRun", true}})["__type"] == "DryRunOperationException");
        CHECK(r.iterator({{"StartingSequenceNumber", "1"}})["__type"] == "InvalidArgumentException");
    }
    const auto token = r.iterator()["ShardIterator"];
    CHECK(r.answered(9) == 4);
    for (int i = 0; i < 5; ++i) CHECK(r.caller.ask("GetRecords", {{"ShardIterator", token}}).contains("Records"));
    CHECK(r.caller.ask("GetRecords", {{"ShardIterator", token}})["__type"] == "ProvisionedThroughputExceededException");
}

TEST_CASE("a closed shard has no limit of iterators, nor has a stream without limits") {
    Reading none{"none"};
    CHECK(none.answered(50) == 50);
    Reading r;
    REQUIRE(r.world.engine->split(*r.stream, 0, streams::HashKey{std::uint64_t{1} << 60, 0}));
    r.world.settle();
    CHECK(r.answered(50) == 50);
}

TEST_CASE("an exhausted limit of iterators survives a restart") {
    Reading r;
    CHECK(r.answered(5) == 5);
    r.world.clock().advance(100ms);
    CHECK(r.answered(1) == 0);
    r.world.put(*r.stream->shards[0], {"x"});
    r.stream.reset();
    r.world.open();
    CHECK(r.answered(1) == 0);
    r.world.clock().advance(100ms);
    CHECK(r.answered(1) == 1);
}

TEST_CASE("2,000 records a second leave a shard under kinesis-strict only: 10,000 at once are taken and owed for five seconds") {
    for (const std::string profile : {"kinesis", "kinesis-strict"}) {
        CAPTURE(profile);
        const bool strict = profile == "kinesis-strict";
        Reading r{profile};
        CHECK(r.world.put(*r.stream->shards[0], std::vector<std::string>(12'000, "x")));
        const auto token = r.iterator({{"ShardIteratorType", "TRIM_HORIZON"}})["ShardIterator"];
        const auto get = [&] { return r.caller.ask("GetRecords", {{"ShardIterator", token}}); };
        CHECK(get()["Records"].size() == 10'000);
        CHECK(get().contains("Records") == !strict);
        CHECK(r.world.engine->read_room(*r.stream->shards[0]) == !strict);   // Fetch draws on it, too
        if (!strict) continue;
        r.world.clock().advance(5s);
        CHECK(get()["message"] == "Rate exceeded for Shard - 000000000000/s/shardId-000000000000");
        r.world.clock().advance(1ms);
        CHECK(get()["Records"].size() == 10'000);
    }
}

TEST_CASE("what a Fetch takes while a large GetRecords is under way is not forgotten") {
    Reading r;
    auto& shard = *r.stream->shards[0];
    const auto now = r.world.clock().now();
    const auto full = balance_of(shard.read_bytes, now);
    r.world.engine->reserve_read(shard, 10 << 20, 0);
    CHECK(r.world.engine->admit_read_call(shard));
    CHECK_FALSE(r.world.engine->read_room(shard));
    r.world.engine->charge_read(shard, streams::Door::kafka, 1'000, 1);   // let in before
    r.world.engine->reserve_read(shard, -(10 << 20), 0);
    CHECK(balance_of(shard.read_bytes, now) == full - 1'000'000);
    CHECK_FALSE(r.world.engine->admit_read_call(shard));
}
