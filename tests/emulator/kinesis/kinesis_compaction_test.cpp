// What Kinesis readers see of a topic that Kafka's compaction leaves gaps in: sequence numbers that are there stay as they were,
// those that are gone stand for the next one that is there.
#include <doctest/doctest.h>

#include "emulator/kinesis/records/partition_key.h"
#include "tests/support/compacted_topic.h"
#include "tests/support/kinesis_call.h"
#include "tests/support/taken.h"

using namespace sluice;
using namespace sluice::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

using Texts = std::vector<std::string>;

struct Read {
    CompactedTopic w;
    Caller door{w};
    explicit Read(streams::CompactionRules rules = CompactedTopic::eager()) : w(rules) {}
    void fill() {
        REQUIRE(w.write({{"a", "1"}, {"b", "2"}, {"a", "3"}}));
        w.pass(10ms);
        REQUIRE(w.write({{"c", "4"}}));
        REQUIRE(w.write({{"b", "5"}}));
    }
    std::string iterator(json body) {
        body["StreamName"] = "s";
        body["ShardId"] = "shardId-000000000000";
        const auto told = door.ask("GetShardIterator", body);
        REQUIRE_MESSAGE(told.contains("ShardIterator"), told.dump());
        return told["ShardIterator"];
    }
    std::string at(const std::string& type, const std::string& number) {
        return iterator({{"ShardIteratorType", type}, {"StartingSequenceNumber", number}});
    }
    json get(const std::string& from, int limit = 100) {
        auto told = door.ask("GetRecords", {{"ShardIterator", from}, {"Limit", limit}});
        REQUIRE_MESSAGE(told.contains("Records"), told.dump());
        return told;
    }
    static Texts keys(const json& told) {
        Texts all;
        for (const auto& record : told["Records"]) all.push_back(record["PartitionKey"]);
        return all;
    }
    std::map<std::string, std::string> numbers(const json& told) {   // by data
        std::map<std::string, std::string> all;
        for (const auto& record : told["Records"]) all[record["Data"]] = record["SequenceNumber"];
        return all;
    }
    std::string from_start() { return iterator({{"ShardIteratorType", "TRIM_HORIZON"}}); }
};

}   // namespace

TEST_CASE("GetRecords goes over the gaps, and what is left has the sequence numbers that it had") {
    Read r;
    r.fill();
    const auto before = r.get(r.from_start());
    CHECK(r.keys(before) == Texts{"a", "b", "a", "c", "b"});
    r.w.pass(1s);
    const auto after = r.get(r.from_start());
    CHECK(r.keys(after) == Texts{"a", "c", "b"});
    for (const auto& [data, number] : r.numbers(after)) CHECK(number == r.numbers(before).at(data));
    CHECK(after["MillisBehindLatest"] == 0);
    auto next = r.from_start();
    Texts one_by_one;
    for (int call = 0; call < 3; ++call) {
        const auto told = r.get(next, 1);
        for (auto& key : r.keys(told)) one_by_one.push_back(key);
        CHECK((told["MillisBehindLatest"] > 0) == (call < 2));
        next = told["NextShardIterator"];
    }
    CHECK(one_by_one == Texts{"a", "c", "b"});
    CHECK(r.get(next)["Records"].empty());
}

TEST_CASE("a sequence number that is gone stands for the next one that is there, AT it and AFTER it") {
    Read r;
    r.fill();
    std::map<std::string, std::string> number;   // by place
    const auto all = r.get(r.from_start())["Records"];
    for (std::size_t i = 0; i < all.size(); ++i) number[std::to_string(i)] = all[i]["SequenceNumber"];
    const auto early = r.at("AT_SEQUENCE_NUMBER", number["1"]);   // made before the run
    r.w.pass(1s);
    CHECK(r.keys(r.get(early)) == Texts{"a", "c", "b"});
    for (const std::string type : {"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"})
        for (const std::string gone : {"0", "1"}) CHECK(r.keys(r.get(r.at(type, number[gone]))) == Texts{"a", "c", "b"});
    CHECK(r.keys(r.get(r.at("AFTER_SEQUENCE_NUMBER", number["2"]))) == Texts{"c", "b"});
    const auto second = static_cast<double>(to_ms(r.w.clock().now()) - 1005) / 1000;   // between the first batch and the others
    CHECK(r.keys(r.get(r.iterator({{"ShardIteratorType", "AT_TIMESTAMP"}, {"Timestamp", second}}))) == Texts{"c", "b"});
}

TEST_CASE("a tombstone is a record with empty Data until it goes, and what is left behind of a producer is nothing to read") {
    Read r;
    REQUIRE(r.w.write({{"a", "1"}}, by(7, 0)));
    REQUIRE(r.w.write({{"a", {}}}));
    r.w.pass(1s);
    CHECK(r.w.log() == Texts{"0-0 empty", "1 a=null"});
    auto told = r.get(r.from_start());
    REQUIRE(r.keys(told) == Texts{"a"});
    CHECK(told["Records"][0]["Data"] == "");
    r.w.pass(2h);
    told = r.get(r.from_start());
    CHECK(told["Records"].empty());
    CHECK(told["MillisBehindLatest"] == 0);
    REQUIRE(r.w.write({{"b", "2"}}));
    CHECK(r.keys(r.get(told["NextShardIterator"])) == Texts{"b"});
}

TEST_CASE("a run beside a reader who goes on from one iterator to the next: nothing of what is left is missed or told twice") {
    Read r;
    for (int key = 0; key < 20; ++key) REQUIRE(r.w.write({{fmt::format("k{}", key), "old"}}));
    for (int key = 0; key < 20; ++key) REQUIRE(r.w.write({{fmt::format("k{}", key), "new"}}));
    auto next = r.from_start();
    Texts seen;
    for (int call = 0; call < 40; ++call) {
        if (call == 5) r.w.pass(1s);
        const auto told = r.get(next, 2);
        for (const auto& record : told["Records"]) seen.push_back(record["PartitionKey"]);
        next = told["NextShardIterator"];
    }
    REQUIRE(seen.size() == 30);   // ten of the old ones were read before
    for (int key = 0; key < 20; ++key) CHECK(seen[10 + static_cast<std::size_t>(key)] == fmt::format("k{}", key));
}

TEST_CASE("a subscription that starts at a number that is gone is pushed what is left, and goes on over a run") {
    Read r;
    r.fill();
    const std::string first = r.get(r.from_start())["Records"][0]["SequenceNumber"];
    r.w.pass(1s);
    const auto made = r.door.ask("RegisterStreamConsumer",
                                 {{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, {"ConsumerName", "c"}});
    REQUIRE_MESSAGE(made.contains("Consumer"), made.dump());
    r.w.pass(1s);
    const auto told =
        r.door.answer("SubscribeToShard", {{"ConsumerARN", made["Consumer"]["ConsumerARN"]},
                                           {"ShardId", "shardId-000000000000"},
                                           {"StartingPosition", {{"Type", "AT_SEQUENCE_NUMBER"}, {"SequenceNumber", first}}}});
    REQUIRE(told.content_type == kinesis::event_stream_type);
    Taken taken;
    auto pushing = [](kinesis::Push push, Taken& into) -> Task<void> { co_await push(into); };
    asio::co_spawn(*r.w.io, pushing(std::exchange(r.door.pushed, {}), taken), stop_loudly);
    const auto keys = [&] {
        r.w.settle();
        Texts all;
        const auto text = std::exchange(taken.text, {});
        for (std::string_view rest = text; !rest.empty();) {
            auto one = kinesis::read_message(rest);
            REQUIRE(one);
            if (one->header(":event-type") == "SubscribeToShardEvent") {
                const auto event = json::parse(one->payload);
                for (const auto& record : event["Records"]) all.push_back(record["PartitionKey"]);
            }
            rest.remove_prefix(one->size);
        }
        return all;
    };
    taken.text = told.body;
    CHECK(keys() == Texts{"a", "c", "b"});
    REQUIRE(r.w.write({{"a", "6"}}));
    REQUIRE(r.w.write({{"a", "7"}}));
    CHECK(keys() == Texts{"a", "a"});
    r.w.pass(1s);
    REQUIRE(r.w.write({{"d", "8"}}));
    CHECK(keys() == Texts{"d"});
    taken.leave();
    r.w.settle();
}

TEST_CASE("a queue does not hand out again what was compacted away meanwhile, and goes over the gaps") {
    Read r;
    r.door.ask("UpdateStreamMode", {{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
                                    {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
    r.w.settle();
    const auto made = r.door.ask("CreateQueue", {{"QueueName", "q"},
                                                 {"StreamConfigurationList",
                                                  {{{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
                                                    {"StartingPosition", {{"Type", "TRIM_HORIZON"}}}}}}});
    REQUIRE_MESSAGE(made.contains("QueueDescription"), made.dump());
    r.w.settle();
    const auto receive = [&](int most) {
        const auto begun = r.door.begin("ReceiveQueueRecords", json{{"QueueARN", made["QueueDescription"]["QueueARN"]},
                                                                    {"Limit", most},
                                                                    {"VisibilityTimeoutSeconds", 30},
                                                                    {"WaitTimeSeconds", 1}}
                                                                   .dump());
        if (!*begun) {
            r.w.time.move(1s);
            r.w.settle();
        }
        REQUIRE(begun->has_value());
        const auto fields = fields_of(**begun);
        REQUIRE_MESSAGE(fields.contains("QueueRecords"), fields.dump());
        Texts all;
        for (const auto& record : fields["QueueRecords"]) all.push_back(record["PartitionKey"]);
        return all;
    };
    r.fill();
    CHECK(receive(2) == Texts{"a", "b"});   // the first two, both of which go
    r.w.pass(1s);
    CHECK(r.w.log() == Texts{"2 a=3", "3 c=4", "4 b=5"});
    CHECK(receive(10) == Texts{"a", "c", "b"});
    r.w.time.move(31s);   // nobody acknowledged anything
    r.w.settle();
    auto again = receive(10);
    std::ranges::sort(again);
    CHECK(again == Texts{"a", "b", "c"});
}
