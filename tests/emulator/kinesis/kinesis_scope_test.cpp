// Rule 3: accounts and regions, shared and separate.
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

constexpr std::string_view one_shard = R"({"StreamName":"orders","ShardCount":1})";
const json named{{"StreamName", "orders"}};

struct Two {
    World world;
    std::vector<std::string> notes;
    Caller ours{world}, theirs{world, "111111111111", "eu-west-1"};
    explicit Two(bool separate) {
        ours.options.separate_scopes = theirs.options.separate_scopes = separate;
        world.engine->events().on_note = [this](std::string_view line) { notes.emplace_back(line); };
    }
};

}   // namespace

TEST_CASE(
    "shared: callers with other keys and regions see one set of streams, and an ARN finds its stream whatever account it names") {
    Two two{false};
    two.theirs.ask("CreateStream", json::parse(one_shard));
    CHECK(two.ours.ask("ListStreams", json::object())["StreamNames"] == json{"orders"});
    const auto told = two.ours.ask("DescribeStreamSummary", named)["StreamDescriptionSummary"];
    CHECK(told["StreamARN"] == "arn:aws:kinesis:eu-west-1:000000000000:stream/orders");
    CHECK(two.ours.ask("DescribeStreamSummary",
                       {{"StreamARN",
                         "arn:aws:kinesis:us-west-2:999999999999:stream/orders"}})["StreamDescriptionSummary"]["StreamName"] ==
          "orders");
    CHECK(two.ours.ask("CreateStream", json::parse(one_shard))["__type"] == "ResourceInUseException");
}

TEST_CASE(
    "separate: an account and a region have their own streams, and the topic of one that is not the server's says whose it is") {
    Two two{true};
    two.theirs.ask("CreateStream", json::parse(one_shard));
    CHECK(two.world.engine->find(two.world.engine->default_world(), "111111111111.eu-west-1.orders"));
    CHECK(two.ours.ask("ListStreams", json::object())["StreamNames"] == json::array());
    CHECK(two.ours.ask("DescribeStreamSummary", named)["__type"] == "ResourceNotFoundException");
    two.ours.ask("CreateStream", json::parse(one_shard));
    CHECK(two.world.engine->find(two.world.engine->default_world(), "orders"));
    CHECK(two.ours.ask("DescribeStreamSummary", named)["StreamDescriptionSummary"]["StreamARN"] ==
          "arn:aws:kinesis:us-east-1:000000000000:stream/orders");
    const auto theirs = two.theirs.ask("DescribeStreamSummary", named)["StreamDescriptionSummary"];
    CHECK(theirs["StreamName"] == "orders");
    CHECK(theirs["StreamARN"] == "arn:aws:kinesis:eu-west-1:111111111111:stream/orders");
    CHECK(two.theirs.ask("ListStreams", json::object())["StreamNames"] == json{"orders"});

    two.ours.ask("PutRecord", {{"StreamName", "orders"}, {"PartitionKey", "k"}, {"Data", "b3Vycw=="}});
    two.theirs.ask("PutRecord", {{"StreamARN", theirs["StreamARN"]}, {"PartitionKey", "k"}, {"Data", "dGhlaXJz"}});
    const auto iterator = two.theirs.ask(
        "GetShardIterator",
        {{"StreamName", "orders"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "TRIM_HORIZON"}})["ShardIterator"];
    CHECK(two.ours.ask("GetRecords", {{"ShardIterator", iterator}})["__type"] == "ResourceNotFoundException");
    const auto records = two.theirs.ask("GetRecords", {{"ShardIterator", iterator}})["Records"];
    REQUIRE(records.size() == 1);
    CHECK(records[0]["Data"] == "dGhlaXJz");

    CHECK(two.ours.ask("DeleteStream", {{"StreamARN", theirs["StreamARN"]}})["__type"] == "ResourceNotFoundException");
    two.theirs.ask("DeleteStream", named);
    CHECK(two.theirs.ask("ListStreams", json::object())["StreamNames"] == json::array());
    CHECK(two.ours.ask("ListStreams", json::object())["StreamNames"] == json{"orders"});
}

TEST_CASE("separate: an access key that is no account number is the server's own account, in the caller's region") {
    Two two{true};
    Caller here{two.world, "AKIAIOSFODNN7EXAMPLE", "us-west-2", two.ours.options};
    here.ask("CreateStream", json::parse(one_shard));
    CHECK(two.world.engine->find(two.world.engine->default_world(), "000000000000.us-west-2.orders"));
    CHECK(here.ask("DescribeStreamSummary", named)["StreamDescriptionSummary"]["StreamARN"] ==
          "arn:aws:kinesis:us-west-2:000000000000:stream/orders");
}

TEST_CASE("separate: a topic with an account's and region's name is that account's stream, whichever door made it") {
    Two two{true};
    two.world.create("111111111111.eu-west-1.clicks", 2, "kafka");
    CHECK(two.theirs.ask("ListStreams", json::object())["StreamNames"] == json{"clicks"});
    CHECK(two.theirs.ask("DescribeStreamSummary", {{"StreamName", "clicks"}})["StreamDescriptionSummary"]["OpenShardCount"] == 2);
    CHECK(two.ours.ask("ListStreams", json::object())["StreamNames"] == json::array());
    const auto refused = two.ours.ask("CreateStream", {{"StreamName", "111111111111.eu-west-1.mine"}, {"ShardCount", 1}});
    CHECK(refused["__type"] == "InvalidArgumentException");
    CHECK(
        refused["message"] ==
        "Stream name 111111111111.eu-west-1.mine is the topic name of a stream in another account or region. Choose another name.");
}

TEST_CASE("a name that is not found here and exists elsewhere is named once in the log, with the place") {
    Two two{true};
    two.theirs.ask("CreateStream", json::parse(one_shard));
    for (int i = 0; i < 3; ++i) two.ours.ask("DescribeStreamSummary", named);
    two.ours.ask("GetShardIterator",
                 {{"StreamName", "orders"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "LATEST"}});
    two.ours.ask("DescribeStreamSummary", {{"StreamName", "nowhere"}});
    CHECK(two.notes ==
          std::vector<std::string>{
              "stream orders was asked for in account 000000000000 and region us-east-1 and exists in account 111111111111 "
              "and region eu-west-1: sign with that access key and region, or start with --kinesis-scope shared"});
    two.notes.clear();
    two.ours.options.separate_scopes = false;   // the same data under a server with the other scope
    two.ours.ask("DescribeStreamSummary", named);
    CHECK(two.notes ==
          std::vector<std::string>{
              "stream orders was asked for in account 000000000000 and region us-east-1 and exists in account 111111111111 and "
              "region eu-west-1 as topic 111111111111.eu-west-1.orders: use that name, or start with --kinesis-scope separate"});
}

TEST_CASE("a topic that only a Kafka client's look has made is not found, and the log says why") {
    Two two{false};
    Engine::NewStream wanted;
    wanted.name = "orders";
    wanted.profile = "kafka";
    wanted.provisional = true;
    REQUIRE(two.world.engine->create(two.world.engine->default_world(), wanted));
    CHECK(two.ours.ask("DescribeStreamSummary", named)["__type"] == "ResourceNotFoundException");
    REQUIRE(two.notes.size() == 1);
    CHECK(two.notes[0].contains("a topic of that name which a Kafka client's look made"));
    CHECK(two.ours.ask("CreateStream", json::parse(one_shard)).empty());
    CHECK(two.ours.ask("DescribeStreamSummary", named)["StreamDescriptionSummary"]["StreamName"] == "orders");
}

TEST_CASE("the first Kinesis write to a topic without limits says so once in the log; a stream's does not") {
    Two two{false};
    two.world.create("topic", 1, "kafka");
    two.world.create("stream", 1, "kinesis");
    for (const auto* name : {"stream", "topic", "topic"})
        two.ours.ask("PutRecord", {{"StreamName", name}, {"PartitionKey", "k"}, {"Data", "eA=="}});
    CHECK(two.notes ==
          std::vector<std::string>{
              "topic topic takes Kinesis writes without limits, as Kafka made it; `sluice limits set topic --profile kinesis` "
              "gives it those of a stream"});
}

TEST_CASE("while UPDATING a stream shows its parent open and takes writes; when it is ACTIVE the children are there") {
    World world{{.state_delay = 5s}};
    world.clock().freeze();
    Caller caller{world};
    caller.ask("CreateStream", json::parse(one_shard));
    world.clock().advance(5s);
    caller.ask("SplitShard", {{"StreamName", "orders"},
                              {"ShardToSplit", "shardId-000000000000"},
                              {"NewStartingHashKey", "170141183460469231731687303715884105728"}});
    auto told = caller.ask("DescribeStream", named)["StreamDescription"];
    CHECK(told["StreamStatus"] == "UPDATING");
    REQUIRE(told["Shards"].size() == 1);
    CHECK_FALSE(told["Shards"][0]["SequenceNumberRange"].contains("EndingSequenceNumber"));
    CHECK(caller.ask("PutRecord", {{"StreamName", "orders"}, {"PartitionKey", "k"}, {"Data", "eA=="}})["ShardId"] ==
          "shardId-000000000000");
    world.clock().advance(5s);
    told = caller.ask("DescribeStream", named)["StreamDescription"];
    CHECK(told["StreamStatus"] == "ACTIVE");
    CHECK(told["Shards"].size() == 3);
    CHECK(told["Shards"][0]["SequenceNumberRange"].contains("EndingSequenceNumber"));
    // MD5 of "k" is 8ce4b16b22b58894aa86c421e8759df3.
    CHECK(caller.ask("PutRecord", {{"StreamName", "orders"}, {"PartitionKey", "k"}, {"Data", "eA=="}})["ShardId"] ==
          "shardId-000000000002");
}

TEST_CASE("clock auto: who is refused has room at the next request, and the answers are the same each time") {
    const auto run = [] {
        World world;
        world.clock().go_by_need();
        Caller caller{world};
        caller.ask("CreateStream", json::parse(one_shard));
        json records = json::array();
        for (int i = 0; i < 500; ++i) records.push_back({{"PartitionKey", "k"}, {"Data", "eA=="}});
        std::vector<std::int64_t> told;
        for (int left = 11'000; left > 0;) {
            const auto answer = caller.ask("PutRecords", {{"StreamName", "orders"}, {"Records", records}});
            left -= 500 - answer["FailedRecordCount"].get<int>();
            told.push_back(answer["FailedRecordCount"].get<int>());
            told.push_back(to_ms(world.clock().now()) - 1'700'000'000'000);
        }
        return told;
    };
    const auto once = run();
    // 1,000 pass at once; from then on each call is refused once, and 500 ms later all of it passes.
    CHECK(std::vector(once.begin(), once.begin() + 12) ==
          std::vector<std::int64_t>{0, 0, 0, 0, 500, 500, 0, 500, 500, 1000, 0, 1000});
    CHECK(once.back() == 10'000);
    CHECK(once.size() == 84);
    CHECK(run() == once);
}
