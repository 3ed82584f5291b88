// What CreateStream takes and ListShards tells, on time that stands still.
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

using Ranges = std::vector<std::pair<std::string, std::string>>;

// Sorted hash ranges of the shards that a filter shows.
Ranges shown(Caller& caller, json filter) {
    Ranges ranges;
    const auto told = caller.ask("ListShards", {{"StreamName", "s"}, {"ShardFilter", std::move(filter)}});
    for (const auto& shard : told.at("Shards"))
        ranges.emplace_back(shard["HashKeyRange"]["StartingHashKey"], shard["HashKeyRange"]["EndingHashKey"]);
    std::ranges::sort(ranges, [](const auto& a, const auto& b) {
        return std::pair{a.first.size(), a.first} < std::pair{b.first.size(), b.first};
    });
    return ranges;
}

// Each range begins one behind the end of the one before, from 0 to 2^128 - 1.
bool whole(const Ranges& ranges) {
    if (ranges.empty() || ranges.front().first != "0" || ranges.back().second != "340282366920938463463374607431768211455")
        return false;
    for (std::size_t i = 1; i < ranges.size(); ++i) {
        const auto end = streams::parse_hash_key(ranges[i - 1].second), next = streams::parse_hash_key(ranges[i].first);
        if (!end || !next || streams::next(*end) != *next) return false;
    }
    return true;
}

constexpr auto middle = "170141183460469231731687303715884105728";

}   // namespace

TEST_CASE(
    "ListShards AT_TIMESTAMP and AT_TRIM_HORIZON show the whole hash range once at every moment around a split and a merge") {
    World world;
    Caller caller{world};
    world.clock().freeze();
    const auto begin = to_ms(world.clock().now());
    caller.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 1}});
    caller.ask("SplitShard", {{"StreamName", "s"}, {"ShardToSplit", "shardId-000000000000"}, {"NewStartingHashKey", middle}});
    CHECK(whole(shown(caller, {{"Type", "AT_TRIM_HORIZON"}})));   // the clock has not moved since
    world.clock().advance(1500ms);
    caller.ask("MergeShards",
               {{"StreamName", "s"}, {"ShardToMerge", "shardId-000000000001"}, {"AdjacentShardToMerge", "shardId-000000000002"}});
    for (const auto at : {0, 1, 500, 999, 1000, 1001, 1499, 1500, 1501, 2500}) {
        CAPTURE(at);
        if (at > 1500) world.clock().advance(milliseconds{begin + at - to_ms(world.clock().now())});
        CHECK(whole(shown(caller, {{"Type", "AT_TIMESTAMP"}, {"Timestamp", static_cast<double>(begin + at) / 1000}})));
        CHECK(whole(shown(caller, {{"Type", "AT_TRIM_HORIZON"}})));
        CHECK(whole(shown(caller, {{"Type", "AT_LATEST"}})));
    }
    // A day later the horizon passes over the split, then over the merge.
    for (const milliseconds step :
         std::initializer_list<milliseconds>{24h - 1ms, 24h, 24h + 1ms, 24h + 1500ms, 24h + 1501ms, 25h}) {
        const Time target = from_ms(begin) + step;
        if (target > world.clock().now()) world.clock().advance(target - world.clock().now());
        CHECK(whole(shown(caller, {{"Type", "AT_TRIM_HORIZON"}})));
    }
}

TEST_CASE("a moment belongs to the parent up to the close and to the children from the next millisecond on") {
    World world;
    Caller caller{world};
    world.clock().freeze();
    caller.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 1}});
    world.clock().advance(10s);
    const auto close = to_ms(world.clock().now());
    caller.ask("SplitShard", {{"StreamName", "s"}, {"ShardToSplit", "shardId-000000000000"}, {"NewStartingHashKey", middle}});
    world.clock().advance(10s);
    const auto at = [&](std::int64_t ms) {
        return shown(caller, {{"Type", "AT_TIMESTAMP"}, {"Timestamp", static_cast<double>(ms) / 1000}}).size();
    };
    CHECK(at(close) == 1);
    CHECK(at(close + 1) == 2);
}

TEST_CASE("a NextToken stands alone: every other member of ListShards beside it is refused by name") {
    World world;
    Caller caller{world};
    caller.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 3}});
    const auto token = caller.ask("ListShards", {{"StreamName", "s"}, {"MaxResults", 1}}).at("NextToken");
    CHECK(caller.ask("ListShards", {{"NextToken", token}, {"MaxResults", 1}}).at("Shards").size() == 1);
    const json others{{"StreamName", "s"},
                      {"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
                      {"ShardFilter", {{"Type", "AT_LATEST"}}},
                      {"ExclusiveStartShardId", "shardId-000000000000"},
                      {"StreamCreationTimestamp", 1700000000}};
    for (const auto& [member, value] : others.items()) {
        const auto refused = caller.ask("ListShards", {{"NextToken", token}, {member, value}});
        CHECK(refused["__type"] == "InvalidArgumentException");
        CHECK(refused["message"] == "NextToken and " + member + " cannot be provided together.");
    }
}

TEST_CASE(
    "names that no topic may have, or that only Kafka's internal topics have, are refused by CreateStream with the reason") {
    World world;
    Caller caller{world};
    for (const auto* name : {".", "..", "__x", "__consumer_offsets", "__"}) {
        const auto refused = caller.answer("CreateStream", {{"StreamName", name}, {"ShardCount", 1}});
        CHECK(refused.status == 400);
        CHECK(refused.body.contains("InvalidArgumentException"));
        CHECK(refused.body.contains("cannot be used"));
    }
    for (const auto* name : {"_y", ".x", "x__", "..."}) {
        CAPTURE(name);
        CHECK(caller.answer("CreateStream", {{"StreamName", name}, {"ShardCount", 1}}).status == 200);
        CHECK(caller.answer("DescribeStreamSummary", {{"StreamName", name}}).status == 200);
    }
    CHECK(caller.ask("ListStreams", json::object()).at("StreamNames") == json{"...", ".x", "_y", "x__"});
}

TEST_CASE("the text of the shard limit counts the open shards that are there") {
    World world;
    Caller caller{world};
    caller.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 3}});
    caller.ask("CreateStream", {{"StreamName", "t"}, {"ShardCount", 4}});
    const std::string text = caller.ask("CreateStream", {{"StreamName", "u"}, {"ShardCount", 20'001}}).at("message");
    CHECK(text.contains("Current shard count for the account: 7. Limit: 20000."));
    CHECK(text.contains("resulted from this request: 20001."));
}

TEST_CASE("a refused read is told in the words of reads, a refused write in those of writes") {
    World world;
    Caller caller{world};
    world.clock().freeze();
    caller.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 1}});
    const auto iterator = caller.ask(
        "GetShardIterator",
        {{"StreamName", "s"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "TRIM_HORIZON"}})["ShardIterator"];
    for (int i = 0; i < 5; ++i) CHECK(caller.answer("GetRecords", {{"ShardIterator", iterator}}).status == 200);
    const auto read = caller.ask("GetRecords", {{"ShardIterator", iterator}});
    CHECK(read["__type"] == "ProvisionedThroughputExceededException");
    CHECK(read["message"] == "Rate exceeded for Shard - 000000000000/s/shardId-000000000000");
    const json record{{"StreamName", "s"}, {"PartitionKey", "k"}, {"Data", "eA=="}};
    for (int i = 0; i < 1000; ++i) caller.ask("PutRecord", record);
    CHECK(caller.ask("PutRecord", record)["message"] ==
          "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.");
}
