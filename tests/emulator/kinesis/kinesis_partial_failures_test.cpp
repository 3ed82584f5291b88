// PutRecords is cut record by record, as the buckets of the shards decide: what has room is stored, what has none is refused with
// the sentence of its shard, and what comes behind it is asked again.
#include "tests/support/kinesis_stream.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

constexpr const char* lower_half = "0";
constexpr const char* upper_half = "170141183460469231731687303715884105728";

json record(const char* to, std::size_t bytes) {
    // Base64 of so many zero bytes; the key is one byte more.
    return {{"PartitionKey", "k"}, {"ExplicitHashKey", to}, {"Data", std::string((bytes - 1) / 3 * 4, 'A')}};
}

// "0" and "1": where each record went; "-0" and "-1": by which shard it was refused.
std::string outcome(const json& told) {
    std::string text;
    for (const auto& one : told["Records"]) {
        text += text.empty() ? "" : " ";
        if (one.contains("ShardId")) {
            CHECK_FALSE(one.contains("ErrorCode"));
            CHECK_FALSE(one.contains("ErrorMessage"));
            text += one["ShardId"].get<std::string>().back();
            continue;
        }
        CHECK_FALSE(one.contains("SequenceNumber"));
        CHECK(one["ErrorCode"] == "ProvisionedThroughputExceededException");
        const auto message = one["ErrorMessage"].get<std::string>();
        const auto shard = message.substr(std::string{"Rate exceeded for shard "}.size(), 20);
        CHECK(message == "Rate exceeded for shard " + shard + " in stream t under account 000000000000.");
        text += std::string{"-"} + shard.back();
    }
    return text;
}

struct Two : KinesisStream {
    Two() { caller.ask("CreateStream", {{"StreamName", "t"}, {"ShardCount", 2}}); }
    json put(std::vector<json> records) { return ask("PutRecords", {{"StreamName", "t"}, {"Records", std::move(records)}}); }
};

constexpr std::size_t half = 1 + 3 * 174'762;   // a little less than 512 KiB

}   // namespace

TEST_CASE("small and large records to two shards are refused exactly where a bucket has no room, and no neighbour with them") {
    Two s;
    const auto told = s.put({record(lower_half, half), record(upper_half, half), record(lower_half, half),
                             record(lower_half, half), record(upper_half, 4), record(lower_half, 1), record(upper_half, half),
                             record(upper_half, half), record(lower_half, 1), record(upper_half, 1)});
    // Two halves fill a bucket but for a few bytes: a record of one byte still passes behind a large one that is refused. 4 bytes
    // more in the upper shard, and its second half does not fit.
    CHECK(outcome(told) == "0 1 0 -0 1 0 -1 -1 0 1");
    CHECK(told["FailedRecordCount"] == 3);
    // What is told as stored is what is there, in the order of the request.
    for (const auto& [shard, records] : {std::pair{"0", 4}, std::pair{"1", 3}}) {
        const auto iterator =
            s.ask("GetShardIterator", {{"StreamName", "t"}, {"ShardId", shard}, {"ShardIteratorType", "TRIM_HORIZON"}});
        const auto read = s.caller.ask("GetRecords", {{"ShardIterator", iterator["ShardIterator"]}});
        REQUIRE(read["Records"].size() == static_cast<std::size_t>(records));
        std::size_t at = 0;
        for (const auto& one : told["Records"])
            if (one.contains("ShardId") && one["ShardId"].get<std::string>().ends_with(shard))
                CHECK(one["SequenceNumber"] == read["Records"][at++]["SequenceNumber"]);
    }
}

TEST_CASE("a record costs nothing when it is refused: behind it the bucket has what it had") {
    Two s;
    CHECK(outcome(s.put({record(lower_half, half)})) == "0");
    for (int i = 0; i < 5; ++i) CHECK(outcome(s.put({record(lower_half, 2 * half)})) == "-0");
    CHECK(outcome(s.put({record(lower_half, half), record(lower_half, half)})) == "0 -0");
    s.world.clock().advance(500ms);   // half of it again
    CHECK(outcome(s.put({record(lower_half, 2 * half), record(lower_half, half), record(lower_half, half)})) == "-0 0 -0");
}

TEST_CASE("the thousand-and-first record of a shard is refused in the middle of a request, and the other shard's go on") {
    Two s;
    std::vector<json> records(500, record(lower_half, 1));
    CHECK(s.put(records)["FailedRecordCount"] == 0);
    CHECK(s.put(std::vector<json>(498, records[0]))["FailedRecordCount"] == 0);
    CHECK(outcome(s.put({record(upper_half, 1), record(lower_half, 1), record(upper_half, 1), record(lower_half, 1),
                         record(lower_half, 1), record(upper_half, 1), record(lower_half, 1)})) == "1 0 1 0 -0 1 -0");
    s.world.clock().advance(1ms);
    CHECK(outcome(s.put({record(lower_half, 1), record(lower_half, 1)})) == "0 -0");
}
