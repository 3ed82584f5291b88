// Enhanced fan-out: registered consumers and what is pushed to them, with time moved by hand.
#include <doctest/doctest.h>

#include "protocol/kinesis/event_stream.h"
#include "tests/support/kinesis_call.h"
#include "tests/support/taken.h"

using namespace sluice;
using namespace sluice::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto stream_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

struct Fan {
    World w;
    Caller door{w};
    explicit Fan(milliseconds state_delay = 0ms, int shards = 1) {
        w.options.state_delay = state_delay;
        w.open();
        door.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", shards}});
        settle_states();
    }
    void settle_states() {
        w.clock().advance(w.options.state_delay + 1ms);
        w.settle();
    }
    void pass(milliseconds span) {
        w.time.move(span);
        w.settle();
    }
    std::string reg(const std::string& name = "c") {
        const auto told = door.ask("RegisterStreamConsumer", {{"StreamARN", stream_arn}, {"ConsumerName", name}});
        REQUIRE_MESSAGE(told.contains("Consumer"), told.dump());
        return told["Consumer"]["ConsumerARN"];
    }
    void put(const std::string& key, const std::string& data = "eA==") {
        const auto told = door.ask("PutRecord", {{"StreamName", "s"}, {"PartitionKey", key}, {"Data", data}});
        REQUIRE_MESSAGE(told.contains("SequenceNumber"), told.dump());
    }
    json start(const std::string& type) { return {{"Type", type}}; }
};

// One subscription: what has been pushed so far.
struct Subscribed {
    Subscribed(Fan& f, const std::string& arn, json position, const std::string& shard = "shardId-000000000000") : fan(f) {
        told = fan.door.answer("SubscribeToShard", {{"ConsumerARN", arn}, {"ShardId", shard}, {"StartingPosition", position}});
        if (told.content_type != kinesis::event_stream_type) return;
        taken.text = told.body;
        auto pushing = [](kinesis::Push push, Taken& into, bool& ended) -> Task<void> {
            co_await push(into);
            ended = true;
        };
        asio::co_spawn(*fan.w.io, pushing(std::exchange(fan.door.pushed, {}), taken, over), stop_loudly);
        fan.w.settle();
    }
    ~Subscribed() {
        taken.leave();
        fan.w.settle();
    }
    // What has come since the last time.
    std::vector<kinesis::ReadMessage> messages() {
        fan.w.settle();
        std::vector<kinesis::ReadMessage> all;
        seen = std::exchange(taken.text, {});
        for (std::string_view rest = seen; !rest.empty();) {
            auto one = kinesis::read_message(rest);
            REQUIRE(one);
            rest.remove_prefix(one->size);
            all.push_back(*std::move(one));
        }
        return all;
    }
    std::vector<json> events() {
        std::vector<json> all;
        for (const auto& one : messages())
            if (one.header(":event-type") == "SubscribeToShardEvent") all.push_back(json::parse(one.payload));
        return all;
    }
    std::vector<std::string> keys() {
        std::vector<std::string> all;
        for (const auto& event : events())
            for (const auto& record : event["Records"]) all.push_back(record["PartitionKey"]);
        return all;
    }
    Fan& fan;
    kinesis::Answer told;
    Taken taken;
    std::string seen;
    bool over = false;
};

}   // namespace

TEST_CASE("a consumer is CREATING and DELETING for the state delay, and its ARN is never the same twice") {
    Fan f{100ms};
    const auto first = f.reg();
    const auto status = [&] {
        const auto told = f.door.ask("DescribeStreamConsumer", {{"ConsumerARN", first}});
        return told.contains("ConsumerDescription") ? told["ConsumerDescription"]["ConsumerStatus"].get<std::string>()
                                                    : told["__type"].get<std::string>();
    };
    CHECK(status() == "CREATING");
    Subscribed early{f, first, f.start("LATEST")};
    CHECK(json::parse(early.told.body)["__type"] == "ResourceInUseException");
    CHECK(json::parse(early.told.body)["message"].get<std::string>().ends_with("is not in ACTIVE status."));
    f.w.open();
    CHECK(status() == "CREATING");
    f.settle_states();
    CHECK(status() == "ACTIVE");
    CHECK(f.door.ask("DeregisterStreamConsumer", {{"ConsumerARN", first}}).empty());
    CHECK(status() == "DELETING");
    f.settle_states();
    CHECK(status() == "ResourceNotFoundException");
    const auto second = f.reg();
    CHECK(second != first);
    CHECK(f.door.ask("DescribeStreamConsumer", {{"ConsumerARN", first}})["__type"] == "ResourceNotFoundException");
}

TEST_CASE("consumers are listed by name and page, counted by DescribeStreamSummary, and survive a restart") {
    Fan f;
    for (const auto* name : {"b", "a", "c"}) f.reg(name);
    const auto page = f.door.ask("ListStreamConsumers", {{"StreamARN", stream_arn}, {"MaxResults", 2}});
    REQUIRE(page["Consumers"].size() == 2);
    CHECK(page["Consumers"][0]["ConsumerName"] == "a");
    const auto rest = f.door.ask("ListStreamConsumers", {{"StreamARN", stream_arn}, {"NextToken", page["NextToken"]}});
    REQUIRE(rest["Consumers"].size() == 1);
    CHECK(rest["Consumers"][0]["ConsumerName"] == "c");
    CHECK_FALSE(rest.contains("NextToken"));
    CHECK(f.door.ask("ListStreamConsumers", {{"StreamARN", stream_arn}, {"NextToken", "bm8="}})["__type"] ==
          "InvalidArgumentException");
    const auto before = f.w.engine->dump();
    f.w.open();
    CHECK(f.w.engine->dump() == before);
    const auto summary = f.door.ask("DescribeStreamSummary", {{"StreamName", "s"}});
    CHECK(summary["StreamDescriptionSummary"]["ConsumerCount"] == 3);
}

TEST_CASE("a name is registered once, 5 are CREATING at once and 20 in all") {
    Fan f{100ms};
    f.reg("same");
    CHECK(f.door.ask("RegisterStreamConsumer", {{"StreamARN", stream_arn}, {"ConsumerName", "same"}})["__type"] ==
          "ResourceInUseException");
    for (int i = 0; i < 4; ++i) f.reg("c" + std::to_string(i));
    CHECK(f.door.ask("RegisterStreamConsumer", {{"StreamARN", stream_arn}, {"ConsumerName", "c4"}})["__type"] ==
          "LimitExceededException");
    for (int i = 4; i < 19; ++i) {
        f.settle_states();
        f.reg("c" + std::to_string(i));
    }
    f.settle_states();
    CHECK(f.door.ask("RegisterStreamConsumer", {{"StreamARN", stream_arn}, {"ConsumerName", "c20"}})["__type"] ==
          "LimitExceededException");
}

TEST_CASE("a stream with consumers is deleted by Kinesis only when that is said, and its consumers go with it") {
    Fan f;
    const auto arn = f.reg();
    const auto refused = f.door.ask("DeleteStream", {{"StreamName", "s"}});
    CHECK(refused["__type"] == "ResourceInUseException");
    CHECK(refused["message"].get<std::string>().starts_with("DeleteStream can't delete 000000000000:s because"));
    Subscribed reader{f, arn, f.start("LATEST")};
    CHECK(f.door.ask("DeleteStream", {{"StreamName", "s"}, {"EnforceConsumerDeletion", true}}).empty());
    const auto last = reader.messages().back();
    CHECK(last.header(":exception-type") == "ResourceNotFoundException");
    CHECK(reader.over);
    CHECK(f.door.ask("DescribeStreamConsumer", {{"ConsumerARN", arn}})["__type"] == "ResourceNotFoundException");
}

TEST_CASE("what a door or Kafka appends is pushed at once, from each kind of starting position") {
    Fan f;
    const auto arn = f.reg();
    f.put("before");
    Subscribed latest{f, arn, f.start("LATEST")};
    const auto opening = latest.messages();
    REQUIRE(opening.size() == 2);
    CHECK(opening[0].header(":event-type") == "initial-response");
    const auto first = json::parse(opening[1].payload);
    CHECK(first["Records"].empty());
    CHECK(first["MillisBehindLatest"] == 0);
    CHECK_FALSE(first["ContinuationSequenceNumber"].get<std::string>().empty());
    f.put("one");
    f.w.put(*f.w.engine->find(f.w.engine->default_world(), "s")->shards[0], {"by the log"});
    CHECK(latest.keys().size() == 2);

    const auto other = f.reg("other");
    Subscribed horizon{f, other, f.start("TRIM_HORIZON")};
    const auto events = horizon.events();
    REQUIRE(events.size() == 1);
    CHECK(events[0]["Records"].size() == 3);
    CHECK(events[0]["Records"][0]["PartitionKey"] == "before");
    const auto third = f.reg("third");
    Subscribed after{
        f, third, {{"Type", "AFTER_SEQUENCE_NUMBER"}, {"SequenceNumber", events[0]["Records"][0]["SequenceNumber"]}}};
    CHECK(after.keys().front() == "one");
}

TEST_CASE("a continuation goes on with the next record, whether AT its number or AFTER it") {
    Fan f;
    f.put("one"), f.put("two");
    Subscribed first{f, f.reg("first"), f.start("TRIM_HORIZON")};
    auto event = first.events().at(0);
    for (const auto& round : {"three", "four"}) {
        const auto last = event["Records"].back()["SequenceNumber"].get<std::string>();
        const json number = event["ContinuationSequenceNumber"];
        CHECK(number.get<std::string>() > last);
        std::vector<std::unique_ptr<Subscribed>> on;
        for (const std::string type : {"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"}) {
            on.push_back(std::make_unique<Subscribed>(f, f.reg(type + round), json{{"Type", type}, {"SequenceNumber", number}}));
            CHECK(on.back()->keys().empty());
        }
        f.put(round);
        for (const auto& one : on) CHECK(one->keys() == std::vector<std::string>{round});
        // Somebody who was pushed to may poll from there.
        for (const auto* type : {"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"}) {
            const auto iterator = f.door.ask("GetShardIterator", {{"StreamName", "s"},
                                                                  {"ShardId", "shardId-000000000000"},
                                                                  {"ShardIteratorType", type},
                                                                  {"StartingSequenceNumber", number}});
            const auto read = f.door.ask("GetRecords", {{"ShardIterator", iterator["ShardIterator"]}});
            REQUIRE(read["Records"].size() == 1);
            CHECK(read["Records"][0]["PartitionKey"] == round);
        }
        event = first.events().at(0);
    }
}

TEST_CASE("an event comes at least every 5 s, and a subscription ends after 5 minutes, both in real time") {
    Fan f;
    Subscribed reader{f, f.reg(), f.start("LATEST")};
    CHECK(reader.events().size() == 1);
    f.pass(4'999ms);
    CHECK(reader.events().empty());
    f.pass(1ms);
    CHECK(reader.events().size() == 1);
    f.w.clock().advance(1h);   // moves what somebody outside counts along
    CHECK(reader.events().empty());
    CHECK_FALSE(reader.over);
    for (int i = 0; i < 58; ++i) {
        f.pass(5s);
        CHECK(reader.events().size() == 1);
    }
    f.pass(5s);
    CHECK(reader.over);
    CHECK(reader.events().empty());
}

TEST_CASE("a second subscription is refused for 5 s and then takes over; the first one is told") {
    Fan f;
    const auto arn = f.reg();
    Subscribed first{f, arn, f.start("LATEST")};
    f.pass(4'999ms);
    Subscribed second{f, arn, f.start("LATEST")};
    CHECK(json::parse(second.told.body)["message"] ==
          "Another active subscription exists for this consumer: 000000000000:s:shardId-000000000000:c");
    CHECK_FALSE(first.over);
    f.pass(1ms);
    Subscribed third{f, arn, f.start("LATEST")};
    CHECK(third.told.content_type == kinesis::event_stream_type);
    const auto last = first.messages().back();
    CHECK(last.header(":exception-type") == "ResourceInUseException");
    CHECK(first.over);
    f.put("one");
    CHECK(third.keys() == std::vector<std::string>{"one"});
    // Another consumer, and another shard, are others.
    Subscribed elsewhere{f, f.reg("other"), f.start("LATEST")};
    CHECK(elsewhere.told.content_type == kinesis::event_stream_type);
}

TEST_CASE("one that went may come again at once") {
    Fan f;
    const auto arn = f.reg();
    {
        Subscribed first{f, arn, f.start("LATEST")};
    }
    Subscribed again{f, arn, f.start("LATEST")};
    CHECK(again.told.content_type == kinesis::event_stream_type);
}

TEST_CASE("at the end of a split shard the last event names the children and no number, behind all records") {
    Fan f;
    const auto arn = f.reg();
    Subscribed reader{f, arn, f.start("LATEST")};
    reader.messages();
    f.put("last");
    f.door.ask("SplitShard", {{"StreamName", "s"}, {"ShardToSplit", "shardId-000000000000"}, {"NewStartingHashKey", "9"}});
    const auto events = reader.events();
    REQUIRE(events.size() == 2);
    CHECK(events[0]["Records"].size() == 1);
    CHECK(events[0].contains("ContinuationSequenceNumber"));
    CHECK_FALSE(events[0].contains("ChildShards"));
    CHECK(events[1]["Records"].empty());
    CHECK_FALSE(events[1].contains("ContinuationSequenceNumber"));
    REQUIRE(events[1]["ChildShards"].size() == 2);
    CHECK(events[1]["ChildShards"][0]["ParentShards"] == json{"shardId-000000000000"});
    CHECK(reader.over);
}

TEST_CASE("each consumer has 2 MiB a second of a shard, beside what GetRecords takes, and a frozen clock holds nobody for ever") {
    Fan f;
    const auto arn = f.reg(), other = f.reg("other");
    const std::string megabyte((1 << 20) / 3 * 4, 'A');
    for (int i = 0; i < 4; ++i) {
        f.put(std::to_string(i), megabyte);
        f.w.clock().advance(2s);
    }
    f.w.clock().freeze();
    Subscribed reader{f, arn, f.start("TRIM_HORIZON")}, second{f, other, f.start("TRIM_HORIZON")};
    const auto at_once = reader.keys().size();
    CHECK(at_once >= 2);
    CHECK(at_once <= 3);
    CHECK(second.keys().size() == at_once);
    f.w.clock().advance(1s);
    CHECK(reader.keys().size() >= 1);
    f.pass(10s);   // real time alone
    f.pass(10s);
    CHECK(second.keys().size() >= 1);
}

TEST_CASE("an event is made once for all who are at the same place") {
    Fan f;
    std::vector<std::unique_ptr<Subscribed>> readers;
    for (int i = 0; i < 5; ++i)
        readers.push_back(std::make_unique<Subscribed>(f, f.reg("c" + std::to_string(i)), f.start("LATEST")));
    for (auto& one : readers) one->messages();
    f.put("shared");
    std::set<std::string> texts;
    for (auto& one : readers) {
        one->messages();
        texts.insert(one->seen);
    }
    CHECK(texts.size() == 1);
    CHECK(f.w.engine->find(f.w.engine->default_world(), "s")->shards[0]->shown.use_count() == 5);
}

TEST_CASE("a consumer that cannot be stored is not there") {
    Fan f;
    const auto before = f.w.engine->dump();
    f.w.store.fail(1);
    CHECK(f.door.ask("RegisterStreamConsumer", {{"StreamARN", stream_arn}, {"ConsumerName", "c"}})["__type"] ==
          "InternalFailure");
    CHECK(f.door.ask("ListStreamConsumers", {{"StreamARN", stream_arn}})["Consumers"].empty());
    const auto arn = f.reg();
    f.w.store.fail(1);
    CHECK(f.door.ask("DeregisterStreamConsumer", {{"ConsumerARN", arn}})["__type"] == "InternalFailure");
    CHECK(f.door.ask("DescribeStreamConsumer", {{"ConsumerARN", arn}})["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE");
}

TEST_CASE("a consumer is named by its ARN or by its stream's and its name, and both have to agree") {
    Fan f;
    const auto arn = f.reg();
    const auto type = [&](const json& by) {
        const auto told = f.door.ask("DescribeStreamConsumer", by);
        return told.contains("__type") ? told["__type"].get<std::string>() : "found";
    };
    CHECK(type({{"StreamARN", stream_arn}, {"ConsumerName", "c"}}) == "found");
    CHECK(type({{"StreamARN", stream_arn}, {"ConsumerName", "c"}, {"ConsumerARN", arn}}) == "found");
    CHECK(type({{"StreamARN", stream_arn}, {"ConsumerName", "d"}, {"ConsumerARN", arn}}) == "InvalidArgumentException");
    CHECK(type({{"StreamARN", stream_arn}}) == "InvalidArgumentException");
    CHECK(type({{"StreamARN", stream_arn}, {"ConsumerName", "d"}}) == "ResourceNotFoundException");
    CHECK(type({{"ConsumerARN", arn + "0"}}) == "ResourceNotFoundException");
    CHECK(type({{"ConsumerARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s"}}) == "ValidationException");
    CHECK(type({{"ConsumerARN", arn.substr(0, arn.rfind(':')) + ":99999999999999999999999"}}) == "ResourceNotFoundException");
}

TEST_CASE("a consumer has tags and a policy of its own, beside its stream's, and both survive a restart") {
    Fan f;
    const auto told =
        f.door.ask("RegisterStreamConsumer", {{"StreamARN", stream_arn}, {"ConsumerName", "c"}, {"Tags", {{"team", "a"}}}});
    const std::string arn = told["Consumer"]["ConsumerARN"];
    CHECK(f.door.ask("TagResource", {{"ResourceARN", arn}, {"Tags", {{"stage", "test"}}}}).empty());
    CHECK(f.door.ask("UntagResource", {{"ResourceARN", arn}, {"TagKeys", {"team"}}}).empty());
    CHECK(f.door.ask("PutResourcePolicy", {{"ResourceARN", arn}, {"Policy", R"({"Version":"2012-10-17"})"}}).empty());
    f.w.open();
    CHECK(f.door.ask("ListTagsForResource", {{"ResourceARN", arn}})["Tags"] == json{{{"Key", "stage"}, {"Value", "test"}}});
    CHECK(f.door.ask("ListTagsForResource", {{"ResourceARN", stream_arn}})["Tags"].empty());
    CHECK(f.door.ask("GetResourcePolicy", {{"ResourceARN", arn}})["Policy"] == R"({"Version":"2012-10-17"})");
    CHECK(f.door.ask("GetResourcePolicy", {{"ResourceARN", stream_arn}})["Policy"] == "{}");
    CHECK(f.door.ask("DeleteResourcePolicy", {{"ResourceARN", arn}}).empty());
    CHECK(f.door.ask("RegisterStreamConsumer",
                     {{"StreamARN", stream_arn}, {"ConsumerName", "d"}, {"Tags", {{"aws:x", "a"}}}})["__type"] != json{});
}

TEST_CASE("what is pushed to a consumer is counted for the bill, apart from what GetRecords reads") {
    Fan f;
    f.put("key");
    Subscribed reader{f, f.reg(), f.start("TRIM_HORIZON")};
    CHECK(reader.keys().size() == 1);
    const auto used = f.w.engine->usage(*f.w.engine->find(f.w.engine->default_world(), "s")).back().each;
    CHECK(used.records_out_consumers == 1);
    CHECK(used.bytes_out_consumers > 3);
    CHECK(used.bytes_out_kinesis == 0);
}
