// UpdateShardCount as clients see it: its answers, its bounds, and what else it changes.
#include "tests/support/kinesis_stream.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

struct Stream : KinesisStream {
    using KinesisStream::KinesisStream;
    json scale(int shards) { return ask("UpdateShardCount", {{"TargetShardCount", shards}, {"ScalingType", "UNIFORM_SCALING"}}); }
    std::string refused(int shards) {
        return refusal("UpdateShardCount", {{"TargetShardCount", shards}, {"ScalingType", "UNIFORM_SCALING"}});
    }
    json shards() { return ask("ListShards", json::object())["Shards"]; }
};

}   // namespace

TEST_CASE("the answer says how many shards there were and how many there will be, and the listing shows how it came") {
    Stream s;
    CHECK(s.scale(2) == json{{"StreamName", "s"},
                             {"CurrentShardCount", 1},
                             {"TargetShardCount", 2},
                             {"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s"}});
    CHECK(s.scale(3)["CurrentShardCount"] == 2);
    const auto shards = s.shards();
    int open = 0;
    for (const auto& shard : shards) open += !shard["SequenceNumberRange"].contains("EndingSequenceNumber");
    CHECK(open == 3);
    CHECK(s.ask("DescribeStreamSummary", json::object())["StreamDescriptionSummary"]["OpenShardCount"] == 3);
    CHECK(s.scale(3)["TargetShardCount"] == 3);   // nothing to do
    CHECK(s.shards() == shards);
}

TEST_CASE("at every moment before, at and after the change the listed shards cover the hash range once") {
    Stream s;
    s.world.clock().advance(10s);
    s.scale(2);
    s.world.clock().advance(10s);
    s.scale(3);
    const auto now_ms = to_ms(s.world.clock().now());
    for (const auto at : {now_ms - 10'001, now_ms - 10'000, now_ms - 9'999, now_ms - 1, now_ms}) {
        CAPTURE(at);
        const auto told =
            s.ask("ListShards", {{"ShardFilter", {{"Type", "AT_TIMESTAMP"}, {"Timestamp", static_cast<double>(at) / 1000}}}});
        std::map<streams::HashKey, streams::HashKey> ranges;
        for (const auto& shard : told["Shards"])
            ranges[*streams::parse_hash_key(shard["HashKeyRange"]["StartingHashKey"].get<std::string>())] =
                *streams::parse_hash_key(shard["HashKeyRange"]["EndingHashKey"].get<std::string>());
        REQUIRE(ranges.size() == told["Shards"].size());
        streams::HashKey next{};
        for (const auto& [first, last] : ranges) {
            CHECK(first == next);
            next = streams::next(last);
        }
        CHECK(next == streams::HashKey{});
    }
}

TEST_CASE(
    "more than double is refused, less than half where everything is as strict as at AWS, and so is the eleventh time a day") {
    Stream s;
    CHECK(
        s.refused(3) ==
        "LimitExceededException: UpdateShardCount cannot scale up over double your current open shard count. Current open shard "
        "count: 1 Target shard count: 3");
    CHECK(s.refused(10'001) ==
          "LimitExceededException: UpdateShardCount cannot scale a stream to more than 10000 shards. Target shard count: 10001");
    for (const int shards : {2, 4, 1}) CHECK(s.refused(shards) == "");
    for (int i = 0; i < 20; ++i) CHECK(s.refused(1 + i % 2) == "");
    Stream strict{{.kinesis_profile = "kinesis-strict"}};
    for (const int shards : {2, 4}) CHECK(strict.refused(shards) == "");
    CHECK(
        strict.refused(1) ==
        "LimitExceededException: UpdateShardCount cannot scale down below half your current open shard count. Current open shard "
        "count: 4 Target shard count: 1");
    strict.world.clock().advance(1s);   // UpdateShardCount is answered ten times a second
    for (int i = 0; i < 8; ++i) CHECK(strict.refused(i % 2 == 0 ? 2 : 4) == "");
    CHECK(
        strict.refused(3) ==
        "LimitExceededException: UpdateShardCount was called successfully 10 times for stream s under account 000000000000 within "
        "the last 24 hours, which is as often as it may be.");
    strict.world.clock().advance(24h);
    CHECK(strict.refused(3) == "");
}

TEST_CASE("an on-demand stream is not scaled by hand, and other kinds of scaling do not exist") {
    Stream s;
    s.caller.ask("CreateStream", {{"StreamName", "d"}});
    CHECK(s.refusal("UpdateShardCount", {{"StreamName", "d"}, {"TargetShardCount", 3}, {"ScalingType", "UNIFORM_SCALING"}}) ==
          "ValidationException: Request is invalid. Stream d under account 000000000000 is in On-Demand mode.");
    CHECK(s.refusal("UpdateShardCount", {{"TargetShardCount", 2}, {"ScalingType", "ODD"}}).contains("UNIFORM_SCALING"));
}

TEST_CASE("while the stream is UPDATING records go to the old shards, and afterwards to the new ones; readers find the way") {
    Stream s{{.state_delay = 5s}};
    const json put{{"PartitionKey", "k"}, {"Data", "eA=="}};
    CHECK(s.scale(2)["TargetShardCount"] == 2);
    CHECK(s.refused(2) == "ResourceInUseException: Stream s under account 000000000000 not ACTIVE, instead in state UPDATING");
    CHECK(s.ask("PutRecord", put)["ShardId"] == "shardId-000000000000");
    CHECK(s.shards().size() == 1);
    s.world.clock().advance(5s);
    CHECK(s.shards().size() == 3);
    CHECK(s.ask("PutRecord", put)["ShardId"] != "shardId-000000000000");
    const auto it = s.ask("GetShardIterator", {{"ShardId", "0"}, {"ShardIteratorType", "LATEST"}})["ShardIterator"];
    const auto end = s.caller.ask("GetRecords", {{"ShardIterator", it}});
    CHECK_FALSE(end.contains("NextShardIterator"));
    CHECK(end["ChildShards"].size() == 2);
}

TEST_CASE("a topic that Kafka made is scaled as it is split: its partitions are sealed, and new ones follow") {
    Stream s;
    auto topic = s.world.create("t", 2, "kafka");
    CHECK(s.refusal("UpdateShardCount", {{"StreamName", "t"}, {"TargetShardCount", 4}, {"ScalingType", "UNIFORM_SCALING"}}) ==
          "");
    CHECK(topic->shards.size() == 6);
    CHECK(topic->shards[0]->sealed);
    CHECK(topic->open_shards() == 4);
}
