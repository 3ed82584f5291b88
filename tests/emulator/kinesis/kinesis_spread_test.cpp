// RecordDistributionStrategy: with AUTO keys decide nothing, and each record goes to the next open shard in turn.
#include "tests/support/kinesis_stream.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

const std::string arn = "arn:aws:kinesis:us-east-1:000000000000:stream/";

struct Spread : KinesisStream {
    explicit Spread(streams::EngineOptions options = {}) : KinesisStream(std::move(options)) {
        create({{"RecordDistributionStrategy", "AUTO"}});
        world.clock().advance(world.options.state_delay);
    }
    std::string create(json more) {
        more["StreamName"] = "a";
        return refusal("CreateStream", more);
    }
    std::string strategy(const std::string& name, const char* wanted) {
        return refusal("UpdateStreamRecordDistributionStrategy",
                       {{"StreamARN", arn + name}, {"RecordDistributionStrategy", wanted}});
    }
    json summary(const char* name = "a") {
        return ask("DescribeStreamSummary", {{"StreamName", name}})["StreamDescriptionSummary"];
    }
    // The last digit of each record's shard.
    std::string put(const std::vector<json>& members) {
        json records = json::array();
        for (auto one : members) {
            one["Data"] = "eA==";
            records.push_back(one);
        }
        std::string shards;
        const auto told = ask("PutRecords", {{"StreamName", "a"}, {"Records", records}});
        if (told.contains("message")) return told["message"];
        for (const auto& one : told["Records"]) shards += one["ShardId"].get<std::string>().back();
        return shards;
    }
    json read(const char* shard) {
        const auto iterator =
            ask("GetShardIterator", {{"StreamName", "a"}, {"ShardId", shard}, {"ShardIteratorType", "TRIM_HORIZON"}});
        return caller.ask("GetRecords", {{"ShardIterator", iterator["ShardIterator"]}})["Records"];
    }
};

const json same_key{{"PartitionKey", "k"}}, keyless = json::object(), hashed{{"PartitionKey", "k"}, {"ExplicitHashKey", "0"}};

}   // namespace

TEST_CASE("with AUTO records go to the open shards in turn, whatever their keys are, and PutRecord takes a turn like any other") {
    Spread s;
    CHECK(s.summary()["RecordDistributionStrategy"] == "AUTO");
    CHECK(s.put({same_key, same_key, same_key, hashed, hashed}) == "01230");
    CHECK(s.ask("PutRecord", {{"StreamName", "a"}, {"PartitionKey", "k"}, {"Data", "eA=="}})["ShardId"] ==
          "shardId-000000000001");
    CHECK(s.put(std::vector<json>(400, same_key)).size() == 400);
    for (const auto* shard : {"0", "1", "2", "3"}) CHECK(s.read(shard).size() >= 101);
}

TEST_CASE("with AUTO a key may be left out; it is given back as it was given, to whoever reads") {
    Spread s;
    CHECK(s.put({keyless, same_key}) == "01");
    CHECK_FALSE(s.read("0")[0].contains("PartitionKey"));
    CHECK(s.read("1")[0]["PartitionKey"] == "k");
    // A key that is given is still a key.
    CHECK(s.put({{{"PartitionKey", ""}}}).contains("Member must have length greater than or equal to 1"));
    // What was put without one stays so when the stream goes by keys again.
    CHECK(s.strategy("a", "USER_PARTITION_KEY") == "");
    CHECK_FALSE(s.read("0")[0].contains("PartitionKey"));
    CHECK(s.put({keyless}).contains("Value null at 'records.1.member.partitionKey'"));
}

TEST_CASE("a hash key that is no hash key counts for nothing with AUTO, as it is ignored") {
    Spread s;
    const json beyond{{"PartitionKey", "k"}, {"ExplicitHashKey", "340282366920938463463374607431768211456"}};
    CHECK(s.put({beyond}) == "0");
    CHECK(s.strategy("a", "USER_PARTITION_KEY") == "");
    CHECK(s.put({beyond}).starts_with("Invalid ExplicitHashKey."));
}

TEST_CASE("the strategy changes at once, both ways, and with each start the turns begin anew") {
    Spread s;
    CHECK(s.put({same_key, same_key}) == "01");
    CHECK(s.strategy("a", "USER_PARTITION_KEY") == "");
    CHECK(s.summary()["RecordDistributionStrategy"] == "USER_PARTITION_KEY");
    const auto by_key = s.put({same_key, same_key, same_key});
    CHECK(by_key == std::string(3, by_key[0]));
    CHECK(s.strategy("a", "AUTO") == "");
    CHECK(s.put({same_key, same_key}) == "01");
    s.world.open();
    CHECK(s.summary()["RecordDistributionStrategy"] == "AUTO");
    CHECK(s.put({same_key, keyless}) == "01");
    CHECK(s.strategy("a", "AUTO") == "");   // as it is: nothing happens
    CHECK(s.put({same_key}) == "2");
}

TEST_CASE("a record that a shard has no room for is refused with that shard's sentence, and has had its turn") {
    Spread s;
    CHECK(s.world.wait(s.world.engine->set_limits(*s.world.engine->find(s.world.engine->default_world(), "a"), "kinesis",
                                                  {.write_records_per_second = 1})));
    const auto told = s.ask("PutRecords", {{"StreamName", "a"}, {"Records", std::vector<json>(6, {{"Data", "eA=="}})}});
    CHECK(told["FailedRecordCount"] == 2);
    CHECK(told["Records"][5]["ErrorMessage"] ==
          "Rate exceeded for shard shardId-000000000001 in stream a under account 000000000000.");
    s.world.clock().advance(1s);
    CHECK(s.put({keyless}) == "2");
}

TEST_CASE("AUTO is for streams on demand: others are refused, and one that has it stays on demand") {
    Spread s;
    const std::string provisioned =
        "InvalidArgumentException: RecordDistributionStrategy AUTO is for streams in On-Demand mode only. Stream s under account "
        "000000000000 is in Provisioned mode.";
    CHECK(s.strategy("s", "AUTO") == provisioned);
    CHECK(s.strategy("s", "USER_PARTITION_KEY") == "");   // it has that
    CHECK_FALSE(s.summary("s").contains("RecordDistributionStrategy"));
    CHECK(s.strategy("s", "SOMEHOW").starts_with("ValidationException"));
    CHECK(s.strategy("none", "AUTO") == "ResourceNotFoundException: Stream none under account 000000000000 not found.");
    const auto to_provisioned = [&] {
        return s.refusal("UpdateStreamMode", {{"StreamARN", arn + "a"}, {"StreamModeDetails", {{"StreamMode", "PROVISIONED"}}}});
    };
    CHECK(
        to_provisioned() ==
        "InvalidArgumentException: Stream a under account 000000000000 has the RecordDistributionStrategy AUTO, which is for streams "
        "in On-Demand mode only. Set it to USER_PARTITION_KEY with UpdateStreamRecordDistributionStrategy first.");
    CHECK(s.strategy("a", "USER_PARTITION_KEY") == "");
    CHECK(to_provisioned() == "");
    CHECK_FALSE(s.summary().contains("RecordDistributionStrategy"));
}

TEST_CASE("a stream that is not ACTIVE has its strategy changed later") {
    Spread s{{.state_delay = 5s}};
    s.ask("StartStreamEncryption", {{"StreamName", "a"}, {"EncryptionType", "KMS"}, {"KeyId", "k"}});
    CHECK(s.strategy("a", "USER_PARTITION_KEY").starts_with("ResourceInUseException"));
    CHECK(s.put({keyless}) == "0");
    s.world.clock().advance(5s);
    CHECK(s.strategy("a", "USER_PARTITION_KEY") == "");
}

TEST_CASE(
    "Kafka sees nothing of the strategy: a record that was put without a key has none, and an append goes where it is sent") {
    Spread s;
    CHECK(s.put({keyless, same_key}) == "01");
    const auto stream = s.world.engine->find(s.world.engine->default_world(), "a");
    CHECK(s.world.put(*stream->shard(3), {"by hand"}));
    const auto first = s.world.engine->chunk_at_hand(*stream->shard(0), 0, {10, 1 << 20});
    REQUIRE(first);
    REQUIRE((*first)->records.size() == 1);
    CHECK_FALSE((*first)->records[0].key);
    CHECK(s.read("3")[0]["PartitionKey"] == "k");
}
