// Queues: records handed out one by one, hidden while somebody works on them, and seen again when nobody acknowledged them.
// Visibility goes by live time, which is real time here and moved by hand.
#include <doctest/doctest.h>

#include <set>

#include "emulator/streams/queues/queues.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto stream_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

struct Queued {
    World w;
    Caller door{w};
    json arn;
    explicit Queued(const json& attributes = json::object(), const json& start = {{"Type", "TRIM_HORIZON"}},
                    milliseconds state_delay = 0ms) {
        w.options.state_delay = state_delay;
        w.open();
        door.ask("CreateStream", {{"StreamName", "s"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
        settle_states();
        arn = make("q", attributes, start);
        settle_states();
    }
    json make(const std::string& name, const json& attributes = json::object(), const json& start = {{"Type", "TRIM_HORIZON"}}) {
        const auto told =
            door.ask("CreateQueue", {{"QueueName", name},
                                     {"StreamConfigurationList", {{{"StreamARN", stream_arn}, {"StartingPosition", start}}}},
                                     {"QueueAttributes", attributes}});
        REQUIRE_MESSAGE(told.contains("QueueDescription"), told.dump());
        return told["QueueDescription"]["QueueARN"];
    }
    void settle_states() {
        w.time.move(w.options.state_delay);
        w.settle();
    }
    void pass(milliseconds span) {
        w.time.move(span);
        w.settle();
    }
    void put(const std::string& key) {
        const auto told = door.ask("PutRecord", {{"StreamName", "s"}, {"PartitionKey", key}, {"Data", "eA=="}});
        REQUIRE_MESSAGE(told.contains("SequenceNumber"), told.dump());
    }
    json describe(const json& of) { return door.ask("DescribeQueue", {{"QueueARN", of}})["QueueDescription"]; }
    // Without waiting: what parks is let go by the passing of its time.
    json receive(json more = json::object(), bool dead = false) {
        if (!more.contains("QueueARN")) more["QueueARN"] = arn;
        if (!more.contains("WaitTimeSeconds")) more["WaitTimeSeconds"] = 1;
        const auto begun = door.begin(dead ? "ReceiveDeadLetterQueueRecords" : "ReceiveQueueRecords", more.dump());
        if (!*begun) pass(1s);
        REQUIRE(begun->has_value());
        return fields_of(**begun)["QueueRecords"];
    }
    json dead(const json& more = json::object()) { return receive(more, true); }
    static std::multiset<std::string> keys(const json& records) {
        std::multiset<std::string> all;
        for (const auto& one : records) all.insert(one["PartitionKey"]);
        return all;
    }
    // "" when the only entry was done, else its error.
    std::string settle(const char* operation, const json& record, json more = json::object()) {
        more["ReceiptHandle"] = record.is_string() ? record : record["ReceiptHandle"];
        const auto told = door.ask(operation, {{"QueueARN", arn}, {"Entries", {more}}});
        REQUIRE_MESSAGE(told.contains("Failed"), told.dump());
        REQUIRE(told["Successful"].size() + told["Failed"].size() == 1);
        return told["Failed"].empty() ? "" : told["Failed"][0]["ErrorCode"].get<std::string>();
    }
    std::string ack(const json& record) { return settle("AcknowledgeQueueRecords", record); }
    std::string hide(const json& record, int seconds) {
        return settle("UpdateQueueRecordsVisibility", record, {{"VisibilityTimeoutSeconds", seconds}});
    }
    std::string refusal(const char* operation, const json& body) {
        const auto told = door.ask(operation, body);
        return told.contains("__type") ? told["__type"].get<std::string>() : "";
    }
};

using Keys = std::multiset<std::string>;

}   // namespace

TEST_CASE("a record is handed to one receiver, and to another when nobody acknowledged it in time") {
    Queued f;
    f.put("a");
    const auto first = f.receive();
    REQUIRE(first.size() == 1);
    CHECK(first[0]["PartitionKey"] == "a");
    CHECK(first[0]["Data"] == "eA==");
    CHECK(first[0]["ReceiveCount"] == 1);
    CHECK(f.receive().empty());
    f.pass(27s);   // 28 with the second that the last call waited
    CHECK(f.receive().empty());
    f.pass(1s);
    const auto second = f.receive();
    REQUIRE(second.size() == 1);
    CHECK(second[0]["ReceiveCount"] == 2);
    CHECK(second[0]["RecordId"] == first[0]["RecordId"]);
    CHECK(second[0]["FirstReceiveTimestamp"] == first[0]["FirstReceiveTimestamp"]);
    CHECK(second[0]["ReceiptHandle"] != first[0]["ReceiptHandle"]);
    CHECK(f.ack(first[0]) == "InvalidArgumentException");   // somebody received it since
    CHECK(f.ack(second[0]).empty());
    f.pass(40s);
    CHECK(f.receive().empty());
}

TEST_CASE("what is acknowledged never comes again, also after a restart, and the records stay in the stream") {
    Queued f;
    for (const auto* key : {"a", "b", "c"}) f.put(key);
    const auto all = f.receive();
    REQUIRE(all.size() == 3);
    CHECK(f.ack(all[0]).empty());
    CHECK(f.ack(all[1]).empty());
    CHECK(f.ack(all[1]).empty());   // a repeated call
    f.w.open();
    f.pass(31s);
    const auto rest = f.receive();
    CHECK(Queued::keys(rest) == Keys{all[2]["PartitionKey"]});
    CHECK(rest[0]["ReceiveCount"] == 2);
    CHECK(f.ack(rest[0]).empty());
    f.pass(31s);
    CHECK(f.receive().empty());
    int records = 0;
    for (const auto& shard : f.w.engine->find(f.w.engine->default_world(), "s")->shards)
        records += static_cast<int>(f.w.engine->bounds(*shard).end);
    CHECK(records == 3);
}

TEST_CASE("a receipt and the time for which a record is hidden outlive a restart") {
    Queued f;
    f.put("a");
    const auto taken = f.receive({{"VisibilityTimeoutSeconds", 100}});
    f.pass(50s);
    f.w.open();
    CHECK(f.receive().empty());
    CHECK(f.hide(taken[0], 10).empty());
    f.pass(10s);
    const auto again = f.receive();
    REQUIRE(again.size() == 1);
    CHECK(again[0]["ReceiveCount"] == 2);
}

TEST_CASE("a call waits for a record, which may come by either door, and for one that is given back") {
    Queued f;
    const auto waiting = f.door.begin("ReceiveQueueRecords", json{{"QueueARN", f.arn}}.dump());
    f.pass(5s);
    CHECK_FALSE(waiting->has_value());
    const auto stream = f.w.engine->find(f.w.engine->default_world(), "s");
    REQUIRE(f.w.put(*stream->shards[2], {"from Kafka"}));
    REQUIRE(waiting->has_value());
    const auto told = fields_of(**waiting)["QueueRecords"];
    REQUIRE(told.size() == 1);
    CHECK(told[0]["Data"] == "ZnJvbSBLYWZrYQ==");

    const auto another = f.door.begin("ReceiveQueueRecords", json{{"QueueARN", f.arn}}.dump());
    CHECK_FALSE(another->has_value());
    CHECK(f.hide(told[0], 0).empty());
    REQUIRE(another->has_value());
    CHECK(fields_of(**another)["QueueRecords"][0]["ReceiveCount"] == 2);
}

TEST_CASE("a call that waits in vain is answered with nothing after its time, 9 seconds unless it says") {
    Queued f;
    const auto nine = f.door.begin("ReceiveQueueRecords", json{{"QueueARN", f.arn}}.dump());
    const auto twenty = f.door.begin("ReceiveQueueRecords", json{{"QueueARN", f.arn}, {"WaitTimeSeconds", 20}}.dump());
    f.pass(8999ms);
    CHECK_FALSE(nine->has_value());
    f.pass(1ms);
    REQUIRE(nine->has_value());
    CHECK(fields_of(**nine) == json{{"QueueRecords", json::array()}});
    f.w.clock().freeze();   // nobody hangs (rule 6)
    f.pass(10'999ms);
    CHECK_FALSE(twenty->has_value());
    f.pass(1ms);
    CHECK(twenty->has_value());
}

TEST_CASE("a record that was received as often as it may be is a dead letter, until it is restored or acknowledged") {
    Queued f{{{"DeadLetterConfiguration", {{"TargetType", "BUILT_IN"}, {"MaxReceiveCount", 2}}}}};
    f.put("poison");
    for (int n = 1; n <= 2; ++n) {
        const auto taken = f.receive();
        REQUIRE(taken.size() == 1);
        CHECK(taken[0]["ReceiveCount"] == n);
        CHECK(f.dead().empty());   // not before its time is over
        f.pass(31s);
    }
    CHECK(f.receive().empty());
    const auto letter = f.dead({{"VisibilityTimeoutSeconds", 5}});
    REQUIRE(letter.size() == 1);
    CHECK(letter[0]["PartitionKey"] == "poison");
    CHECK(f.ack(letter[0]) == "InvalidArgumentException");   // that is not how
    CHECK(f.dead().empty());
    f.pass(5s);
    CHECK(f.dead({{"VisibilityTimeoutSeconds", 0}}).size() == 1);
    f.w.open();
    const auto again = f.dead();
    REQUIRE(again.size() == 1);
    CHECK(f.settle("RestoreDeadLetterQueueRecords", letter[0]) == "InvalidArgumentException");
    CHECK(f.settle("RestoreDeadLetterQueueRecords", again[0]).empty());
    const auto restored = f.receive();
    REQUIRE(restored.size() == 1);
    CHECK(restored[0]["ReceiveCount"] == 1);
    f.pass(31s);
    CHECK(f.receive({{"VisibilityTimeoutSeconds", 0}}).size() == 1);   // the second of two
    const auto last = f.dead();
    REQUIRE(last.size() == 1);
    CHECK(f.settle("AcknowledgeDeadLetterQueueRecords", last[0]).empty());
    f.pass(31s);
    CHECK(f.receive().empty());
    CHECK(f.dead().empty());
}

TEST_CASE("a record whose last time ends while the server is down is a dead letter at the next start") {
    Queued f{{{"DeadLetterConfiguration", {{"TargetType", "BUILT_IN"}, {"MaxReceiveCount", 1}}}}};
    f.put("a");
    CHECK(f.receive().size() == 1);
    f.w.engine.reset();
    f.w.time.move(31s);
    f.w.start();
    CHECK(f.receive().empty());
    CHECK(f.dead().size() == 1);
}

TEST_CASE("without dead letters a record comes again and again") {
    Queued f{{{"VisibilityTimeoutSeconds", 0}, {"DeadLetterConfiguration", {{"TargetType", "NONE"}}}}};
    f.put("a");
    for (int n = 1; n < 20; ++n) CHECK(f.receive()[0]["ReceiveCount"] == n);
    CHECK(f.dead().empty());
}

TEST_CASE("records that come again do not keep new ones waiting for ever, nor the other way") {
    Queued f{{{"VisibilityTimeoutSeconds", 0}, {"DeadLetterConfiguration", {{"TargetType", "NONE"}}}}};
    for (int n = 0; n < 15; ++n) f.put("k" + std::to_string(n));
    Keys seen;
    for (int calls = 0; calls < 8; ++calls) seen.merge(Queued::keys(f.receive()));
    CHECK(std::set(seen.begin(), seen.end()).size() == 15);
}

TEST_CASE("a new visibility timeout and a new count hold for what is received afterwards") {
    Queued f;
    f.put("a");
    f.receive();
    const auto told = f.door.ask("UpdateQueue", {{"QueueARN", f.arn}, {"QueueAttributes", {{"VisibilityTimeoutSeconds", 5}}}});
    CHECK(
        told["QueueDescription"]["QueueAttributes"] ==
        json{{"VisibilityTimeoutSeconds", 5}, {"DeadLetterConfiguration", {{"TargetType", "BUILT_IN"}, {"MaxReceiveCount", 6}}}});
    f.pass(20s);
    CHECK(f.receive().empty());   // in flight as it was received
    f.pass(10s);
    CHECK(f.receive().size() == 1);
    f.pass(5s);
    CHECK(f.receive().size() == 1);
    f.door.ask("UpdateQueue",
               {{"QueueARN", f.arn},
                {"QueueAttributes", {{"DeadLetterConfiguration", {{"TargetType", "BUILT_IN"}, {"MaxReceiveCount", 3}}}}}});
    f.pass(5s);
    CHECK(f.receive().empty());
    CHECK(f.dead().size() == 1);
    CHECK(f.describe(f.arn)["QueueAttributes"]["VisibilityTimeoutSeconds"] == 5);
}

TEST_CASE("a queue begins where it is told to: at the oldest record, behind the newest, or at a time") {
    Queued f;
    f.put("old");
    f.pass(10s);
    const auto middle = to_ms(f.w.clock().now());
    f.put("new");
    const auto latest = f.make("latest", {}, {{"Type", "LATEST"}});
    const auto at = f.make("at", {}, {{"Type", "AT_TIMESTAMP"}, {"Timestamp", static_cast<double>(middle) / 1000}});
    const auto later = f.make("later", {}, {{"Type", "AT_TIMESTAMP"}, {"Timestamp", static_cast<double>(middle) / 1000 + 100}});
    f.w.open();
    CHECK(Queued::keys(f.receive({{"QueueARN", f.arn}})) == Keys{"old", "new"});
    CHECK(Queued::keys(f.receive({{"QueueARN", at}})) == Keys{"new"});
    CHECK(f.receive({{"QueueARN", latest}}).empty());
    CHECK(f.receive({{"QueueARN", later}}).empty());
    f.put("newest");
    CHECK(Queued::keys(f.receive({{"QueueARN", latest}})) == Keys{"newest"});
    CHECK(f.receive({{"QueueARN", later}}).empty());
    f.pass(100s);
    f.put("last");
    CHECK(Queued::keys(f.receive({{"QueueARN", later}})) == Keys{"last"});
    CHECK(f.describe(at)["StreamConfigurationList"][0]["StartingPosition"]["Timestamp"] == static_cast<double>(middle) / 1000);
}

TEST_CASE("a queue follows its stream through splits and merges and loses and repeats nothing") {
    Queued f;
    Keys put;
    const auto some = [&](int count) {
        for (int n = 0; n < count; ++n) {
            const auto key = "k" + std::to_string(put.size());
            f.put(key);
            put.insert(key);
        }
    };
    some(12);
    const auto& stream = *f.w.engine->find(f.w.engine->default_world(), "s");
    REQUIRE(f.w.wait(*f.w.engine->split(stream, 1, streams::HashKey{stream.shards[1]->range.first.high + 1000, 0})));
    some(12);
    REQUIRE(f.w.wait(*f.w.engine->merge(stream, 2, 3)));
    some(12);
    Keys got;
    for (auto records = f.receive(); !records.empty(); records = f.receive()) {
        for (const auto& one : records) CHECK(f.ack(one).empty());
        got.merge(Queued::keys(records));
        if (got.size() == 20) f.w.open();
    }
    CHECK(got == put);
}

TEST_CASE("a record that retention takes leaves the queue, whatever state it was in") {
    Queued f{{{"DeadLetterConfiguration", {{"TargetType", "BUILT_IN"}, {"MaxReceiveCount", 1}}}}};
    f.put("dead");
    f.receive({{"VisibilityTimeoutSeconds", 0}});
    f.put("hidden");
    const auto hidden = f.receive({{"VisibilityTimeoutSeconds", 43'000}});
    f.put("waiting");
    REQUIRE(f.w.clock().advance(25h));
    f.w.settle();
    CHECK(f.receive().empty());
    CHECK(f.dead().empty());
    f.pass(43'000s);
    CHECK(f.dead().empty());
    CHECK(f.ack(hidden[0]).empty());
    f.put("next");
    CHECK(Queued::keys(f.receive()) == Keys{"next"});
}

TEST_CASE("queues on one stream know nothing of each other, and each record has one id in all of them") {
    Queued f;
    const auto other = f.make("other");
    f.put("a");
    const auto here = f.receive();
    CHECK(f.ack(here[0]).empty());
    const auto there = f.receive({{"QueueARN", other}});
    REQUIRE(there.size() == 1);
    CHECK(there[0]["RecordId"] == here[0]["RecordId"]);
    CHECK(f.ack(there[0]) == "InvalidArgumentException");   // the other queue's receipt
    CHECK(f.ack("nonsense") == "InvalidArgumentException");
    CHECK(f.hide(here[0], 5) == "ResourceNotFoundException");   // acknowledged
}

TEST_CASE("the time of a record that is not in flight cannot be changed") {
    Queued f;
    f.put("a");
    const auto taken = f.receive();
    f.pass(30s);
    CHECK(f.hide(taken[0], 5) == "InvalidArgumentException");
    CHECK(f.ack(taken[0]).empty());   // nobody else has received it
    CHECK(f.receive().empty());
}

TEST_CASE("a queue is CREATING, UPDATING and DELETING for the state delay, and delivers when it is ACTIVE or UPDATING") {
    Queued f{json::object(), {{"Type", "LATEST"}}, 500ms};
    CHECK(f.describe(f.arn)["QueueStatus"] == "ACTIVE");
    const auto made = f.make("made", json::object(), {{"Type", "LATEST"}});
    CHECK(f.describe(made)["QueueStatus"] == "CREATING");
    CHECK_FALSE(f.describe(made)["StreamConfigurationList"][0]["StartingPosition"].contains("Timestamp"));
    CHECK(f.refusal("ReceiveQueueRecords", {{"QueueARN", made}}) == "InvalidArgumentException");
    CHECK(f.refusal("UpdateQueue", {{"QueueARN", made}, {"QueueAttributes", json::object()}}) == "ResourceInUseException");
    f.put("while it is created");
    f.w.open();
    f.settle_states();
    CHECK(f.describe(made)["QueueStatus"] == "ACTIVE");
    CHECK(f.describe(made)["StreamConfigurationList"][0]["StartingPosition"].contains("Timestamp"));
    CHECK(f.receive({{"QueueARN", made}}).size() == 1);
    f.door.ask("UpdateQueue", {{"QueueARN", made}, {"QueueAttributes", {{"VisibilityTimeoutSeconds", 1}}}});
    CHECK(f.describe(made)["QueueStatus"] == "UPDATING");
    f.put("next");
    CHECK(f.receive({{"QueueARN", made}}).size() == 1);
    f.settle_states();
    const auto waiting = f.door.begin("ReceiveQueueRecords", json{{"QueueARN", made}}.dump());
    CHECK(f.door.ask("DeleteQueue", {{"QueueARN", made}}) == json::object());
    CHECK(f.describe(made)["QueueStatus"] == "DELETING");
    f.settle_states();
    CHECK(f.refusal("DescribeQueue", {{"QueueARN", made}}) == "ResourceNotFoundException");
    REQUIRE(waiting->has_value());
    CHECK((*waiting)->status == 400);
}

TEST_CASE("a deleted queue leaves nothing in the store") {
    Queued f;
    const auto before = f.w.engine->dump();
    const auto other = f.make("other");
    for (int n = 0; n < 300; ++n) f.put("k");
    for (int n = 0; n < 20; ++n) f.receive({{"QueueARN", other}});
    f.door.ask("DeleteQueue", {{"QueueARN", other}});
    CHECK_FALSE(f.w.engine->dump().contains("delivered/"));
    CHECK(f.w.engine->queues().find(f.w.engine->default_world(),
                                    other.get<std::string>().substr(other.get<std::string>().rfind('/') + 1)) == nullptr);
}

TEST_CASE("what a queue stores is a few bytes a record that is in flight, and nothing for those that are done with") {
    Queued f;
    const auto empty = f.w.engine->dump().size();
    for (int n = 0; n < 200; ++n) f.put("k");   // of one shard
    const auto with_records = f.w.engine->dump().size();
    std::vector<json> taken;
    for (int n = 0; n < 20; ++n)
        for (auto& one : f.receive()) taken.push_back(std::move(one));
    REQUIRE(taken.size() == 200);
    CHECK(f.w.engine->dump().size() < with_records + 2'000);
    for (const auto& one : taken) CHECK(f.ack(one).empty());
    CHECK(f.w.engine->dump().size() < with_records + 200);
    CHECK(empty < with_records);
}

TEST_CASE("a stream with a queue cannot be deleted or go back to provisioned; DeleteTopics takes its queues with it") {
    Queued f;
    CHECK(f.refusal("DeleteStream", {{"StreamName", "s"}, {"EnforceConsumerDeletion", true}}) == "ResourceInUseException");
    CHECK(f.refusal("UpdateStreamMode", {{"StreamARN", stream_arn}, {"StreamModeDetails", {{"StreamMode", "PROVISIONED"}}}}) ==
          "ResourceInUseException");
    f.put("a");
    f.receive();
    REQUIRE(f.w.wait(*f.w.engine->remove(f.w.engine->default_world(), "s", false)));   // as DeleteTopics does
    CHECK(f.door.ask("ListQueues", json::object())["QueueSummaries"].empty());
    CHECK_FALSE(f.w.engine->dump().contains("queue"));
    f.w.open();
    CHECK(f.refusal("DescribeQueue", {{"QueueARN", f.arn}}) == "ResourceNotFoundException");
}

TEST_CASE("queues count among the consumers of a stream, and are on on-demand streams alone") {
    Queued f;
    for (int n = 1; n < 20; ++n) f.make("q" + std::to_string(n));
    const json one{{"QueueName", "one-more"}, {"StreamConfigurationList", {{{"StreamARN", stream_arn}}}}};
    CHECK(f.refusal("CreateQueue", one) == "LimitExceededException");
    CHECK(f.refusal("RegisterStreamConsumer", {{"StreamARN", stream_arn}, {"ConsumerName", "c"}}) == "LimitExceededException");
    CHECK(f.door.ask("DescribeStreamSummary", {{"StreamName", "s"}})["StreamDescriptionSummary"]["QueueCount"] == 20);
    f.door.ask("CreateStream", {{"StreamName", "p"}, {"ShardCount", 1}});
    auto provisioned = one;
    provisioned["StreamConfigurationList"][0]["StreamARN"] = "arn:aws:kinesis:us-east-1:000000000000:stream/p";
    CHECK(f.refusal("CreateQueue", provisioned) == "ValidationException");
    CHECK(f.refusal("CreateQueue", {{"QueueName", "q"}, {"StreamConfigurationList", {{{"StreamARN", stream_arn}}}}}) ==
          "LimitExceededException");
}

TEST_CASE("what CreateQueue cannot do is refused with a text, and makes nothing") {
    Queued f;
    const auto refused = [&](const json& more) {
        json asked{{"QueueName", "x"}, {"StreamConfigurationList", {{{"StreamARN", stream_arn}}}}};
        asked.update(more);
        return f.refusal("CreateQueue", asked);
    };
    const auto from = [](const json& start) {
        return json{{"StreamConfigurationList", {{{"StreamARN", stream_arn}, {"StartingPosition", start}}}}};
    };
    const auto letters = [](const json& how) { return json{{"QueueAttributes", {{"DeadLetterConfiguration", how}}}}; };
    CHECK(refused({{"QueueName", "q"}}) == "ResourceInUseException");
    CHECK(refused({{"StreamConfigurationList", {{{"StreamARN", stream_arn}}, {{"StreamARN", stream_arn}}}}}) ==
          "ValidationException");
    CHECK(refused(from({{"Type", "AT_TIMESTAMP"}})) == "ValidationException");
    CHECK(refused(from({{"Type", "LATEST"}, {"Timestamp", 1}})) == "ValidationException");
    CHECK(refused(from({{"Type", "AT_TIMESTAMP"}, {"Timestamp", -5}})) == "ValidationException");
    CHECK(refused(from({{"Type", "AT_TIMESTAMP"}, {"Timestamp", 1e14}})) == "ValidationException");
    CHECK(refused(letters({{"TargetType", "BUILT_IN"}})) == "ValidationException");
    CHECK(refused(letters({{"TargetType", "NONE"}, {"MaxReceiveCount", 3}})) == "ValidationException");
    CHECK(refused({{"Tags", {{"aws:x", "y"}}}}) == "InvalidArgumentException");
    CHECK(refused({{"StreamConfigurationList", {{{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/none"}}}}}) ==
          "ResourceNotFoundException");
    CHECK(f.door.ask("ListQueues", json::object())["QueueSummaries"].size() == 1);
}

TEST_CASE("queues are listed by name, page by page, and by stream") {
    Queued f;
    for (const auto* name : {"c", "a", "b"}) f.make(name);
    f.door.ask("CreateStream", {{"StreamName", "t"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
    const json other = "arn:aws:kinesis:us-east-1:000000000000:stream/t";
    f.door.ask("CreateQueue", {{"QueueName", "of-t"}, {"StreamConfigurationList", {{{"StreamARN", other}}}}});
    std::vector<std::string> names;
    json asked{{"MaxResults", 2}};
    for (;;) {
        const auto page = f.door.ask("ListQueues", asked);
        for (const auto& one : page["QueueSummaries"]) names.push_back(one["QueueName"]);
        if (!page.contains("NextToken")) break;
        asked["NextToken"] = page["NextToken"];
    }
    CHECK(names == std::vector<std::string>{"a", "b", "c", "of-t", "q"});
    const auto filtered = f.door.ask("ListQueues", {{"StreamFilter", {{{"StreamARN", other}}}}})["QueueSummaries"];
    REQUIRE(filtered.size() == 1);
    CHECK(filtered[0]["Streams"][0]["StreamARN"] == other);
    CHECK(f.refusal("ListQueues", {{"NextToken", asked["NextToken"]}, {"StreamFilter", {{{"StreamARN", other}}}}}) ==
          "InvalidArgumentException");
    f.w.clock().advance(301s);
    CHECK(f.refusal("ListQueues", {{"NextToken", asked["NextToken"]}}) == "ExpiredNextTokenException");
}

TEST_CASE("a queue has tags and a policy of its own, by its ARN, over a restart") {
    Queued f;
    f.door.ask("TagResource", {{"ResourceARN", f.arn}, {"Tags", {{"a", "b"}, {"c", "d"}}}});
    f.door.ask("UntagResource", {{"ResourceARN", f.arn}, {"TagKeys", {"a"}}});
    f.door.ask("PutResourcePolicy", {{"ResourceARN", f.arn}, {"Policy", "{\"x\":1}"}});
    f.w.open();
    CHECK(f.door.ask("ListTagsForResource", {{"ResourceARN", f.arn}})["Tags"] == json{{{"Key", "c"}, {"Value", "d"}}});
    CHECK(f.door.ask("GetResourcePolicy", {{"ResourceARN", f.arn}})["Policy"] == "{\"x\":1}");
    CHECK(f.door.ask("ListTagsForResource", {{"ResourceARN", stream_arn}})["Tags"].empty());
    CHECK(f.door.ask("DeleteResourcePolicy", {{"ResourceARN", f.arn}}) == json::object());
}

TEST_CASE("reset leaves no queue, and whoever waits at one is answered") {
    Queued f;
    const auto waiting = f.door.begin("ReceiveQueueRecords", json{{"QueueARN", f.arn}}.dump());
    REQUIRE(f.w.wait(f.w.engine->reset(f.w.engine->default_world())));
    f.w.settle();
    CHECK(waiting->has_value());
    CHECK(f.door.ask("ListQueues", json::object())["QueueSummaries"].empty());
    f.w.open();
    CHECK(f.door.ask("ListQueues", json::object())["QueueSummaries"].empty());
}

TEST_CASE("what could not be stored did not happen: a record is received again, an acknowledgement is refused") {
    Queued f;
    f.put("a");
    f.w.store.fail(1);
    CHECK(f.refusal("ReceiveQueueRecords", {{"QueueARN", f.arn}}) == "InternalFailure");
    const auto taken = f.receive();
    REQUIRE(taken.size() == 1);
    CHECK(taken[0]["ReceiveCount"] == 1);
    f.w.store.fail(1);
    CHECK(f.refusal("AcknowledgeQueueRecords",
                    {{"QueueARN", f.arn}, {"Entries", {{{"ReceiptHandle", taken[0]["ReceiptHandle"]}}}}}) == "InternalFailure");
    f.w.store.fail(1);
    CHECK(f.refusal("DeleteQueue", {{"QueueARN", f.arn}}) == "InternalFailure");
    f.pass(31s);
    const auto again = f.receive();
    REQUIRE(again.size() == 1);
    CHECK(again[0]["ReceiveCount"] == 2);
    f.w.store.fail(1);
    CHECK(f.refusal("CreateQueue", {{"QueueName", "x"}, {"StreamConfigurationList", {{{"StreamARN", stream_arn}}}}}) ==
          "InternalFailure");
    CHECK(f.door.ask("ListQueues", json::object())["QueueSummaries"].size() == 1);
}

TEST_CASE("what a queue hands out and each call about it is counted for the bill, apart from what GetRecords reads") {
    Queued f;
    const auto stream = f.w.engine->find(f.w.engine->default_world(), "s");
    const auto used = [&] { return f.w.engine->usage(*stream).back().each; };
    const auto before = used();
    CHECK(before.queue_calls == 1);   // CreateQueue
    f.put("key");
    const auto got = f.receive();
    REQUIRE(got.size() == 1);
    f.door.ask("AcknowledgeQueueRecords", {{"QueueARN", f.arn}, {"Entries", {{{"ReceiptHandle", got[0]["ReceiptHandle"]}}}}});
    (void)f.describe(f.arn);
    f.door.ask("ListQueues", json::object());   // about no stream
    const auto after = used();
    CHECK(after.queue_calls == 4);
    CHECK(after.records_out_queues == 1);
    CHECK(after.bytes_out_queues == 4);   // "key" and a byte
    CHECK(after.bytes_out_kinesis == 0);
    CHECK(after.records_out_kinesis == 0);
    CHECK(after.channel_calls == 0);
    f.w.engine->flush();
    f.w.open();
    CHECK(f.w.engine->usage(*f.w.engine->find(f.w.engine->default_world(), "s")).back().each == after);
}
