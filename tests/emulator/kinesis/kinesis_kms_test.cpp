// Keys of KMS that have a fault, by `--kms-key`: the six exceptions of the API, at each operation that has them.
#include "emulator/kinesis/kms.h"

#include "protocol/kinesis/event_stream.h"
#include "tests/support/kinesis_stream.h"
#include "tests/support/taken.h"

using namespace sluice;
using namespace sluice::test;
using kinesis::ErrorCode;
using nlohmann::json;

namespace {

const json record{{"PartitionKey", "k"}, {"Data", "eA=="}};
json with_key(const std::string& key) { return {{"EncryptionType", "KMS"}, {"KeyId", key}}; }

struct Keys : KinesisStream {
    // As after a start with the setting.
    void say(const char* key, ErrorCode code) { caller.options.kms_keys = {{key, code}}; }
    json iterator() { return ask("GetShardIterator", {{"ShardId", "0"}, {"ShardIteratorType", "TRIM_HORIZON"}}); }
    std::string read() {
        const auto told = caller.ask("GetRecords", {{"ShardIterator", iterator()["ShardIterator"]}});
        return told.contains("message") ? told["__type"].get<std::string>() : "";
    }
};

}   // namespace

TEST_CASE("each state of a key is one exception with a sentence, at StartStreamEncryption, puts and reads") {
    const std::vector<std::tuple<const char*, std::string, std::string>> all{
        {"denied", "KMSAccessDeniedException", "Key 'alias/mine' does not exist, or you are not allowed to access it."},
        {"disabled", "KMSDisabledException", "Key 'alias/mine' is disabled."},
        {"not-found", "KMSNotFoundException", "Key 'alias/mine' does not exist."},
        {"opt-in", "KMSOptInRequired",
         "Key 'alias/mine' cannot be used: the AWS access key ID needs a subscription for the service."},
        {"pending-deletion", "KMSInvalidStateException", "Key 'alias/mine' is pending deletion."},
        {"throttled", "KMSThrottlingException",
         "Key 'alias/mine' is used more often than KMS allows. Reduce the frequency of your calls."}};
    REQUIRE(all.size() == kinesis::key_states.size());
    for (const auto& [state, type, text] : all) {
        CAPTURE(state);
        const auto whole = type + ": " + text;
        const auto code = kinesis::key_state(state);
        REQUIRE(code);
        Keys s;
        s.say("alias/mine", *code);
        CHECK(s.refusal("StartStreamEncryption", with_key("alias/mine")) == whole);
        CHECK(s.ask("DescribeStream", json::object())["StreamDescription"]["EncryptionType"] == "NONE");
        CHECK(s.refusal("PutRecord", record) == "");   // it is not encrypted
        CHECK(s.read() == "");

        s.caller.options.kms_keys.clear();
        CHECK(s.refusal("StartStreamEncryption", with_key("alias/mine")) == "");
        CHECK(s.refusal("PutRecord", record) == "");
        s.say("alias/mine", *code);
        CHECK(s.refusal("PutRecord", record) == whole);
        CHECK(s.refusal("PutRecords", {{"Records", {record, record}}}) == whole);
        CHECK(s.read() == type);
        CHECK(s.iterator().contains("ShardIterator"));   // no records in it
        CHECK(s.refusal("StopStreamEncryption", with_key("alias/mine")) == "");
        CHECK(s.refusal("PutRecord", record) == "");
        CHECK(s.read() == "");
    }
    CHECK_FALSE(kinesis::key_state("lost"));
}

TEST_CASE("a key is meant by its id, its alias or its ARN, and no other key with it") {
    Keys s;
    s.say("1234-ab", ErrorCode::kms_disabled);
    CHECK(s.refusal("StartStreamEncryption", with_key("arn:aws:kms:us-east-1:000000000000:key/1234-ab")).contains("is disabled"));
    CHECK(s.refusal("StartStreamEncryption", with_key("1234-ab")).contains("is disabled"));
    CHECK(s.refusal("StartStreamEncryption", with_key("alias/1234-ab")) == "");
    s.say("arn:aws:kms:us-east-1:000000000000:alias/mine", ErrorCode::kms_disabled);
    CHECK(s.refusal("StartStreamEncryption", with_key("alias/mine")).contains("is disabled"));
    CHECK(s.refusal("StartStreamEncryption", with_key("mine")) == "");
}

TEST_CASE("a subscription to a stream whose key has a fault is told so as an event, and ends") {
    Keys s;
    CHECK(s.refusal("StartStreamEncryption", with_key("k")) == "");
    const auto consumer = s.ask("RegisterStreamConsumer", {{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
                                                           {"ConsumerName", "c"}})["Consumer"]["ConsumerARN"];
    s.say("k", ErrorCode::kms_disabled);
    const auto told = s.caller.answer(
        "SubscribeToShard",
        {{"ConsumerARN", consumer}, {"ShardId", "shardId-000000000000"}, {"StartingPosition", {{"Type", "LATEST"}}}});
    REQUIRE(told.content_type == kinesis::event_stream_type);
    Taken taken;
    auto pushing = [](kinesis::Push push, Taken& into) -> Task<void> { co_await push(into); };
    auto task = pushing(std::exchange(s.caller.pushed, {}), taken);
    asio::co_spawn(*s.world.io, std::move(task), asio::detached);
    s.world.settle();
    CHECK(taken.ended);
    const auto message = kinesis::read_message(taken.text);
    REQUIRE(message);
    CHECK(message->header(":exception-type") == "KMSDisabledException");
    CHECK(message->payload.contains("Key 'k' is disabled."));
}

TEST_CASE("a queue hands out nothing of a stream whose key has a fault") {
    Keys s;
    const json arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    s.ask("UpdateStreamMode", {{"StreamARN", arn}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
    const auto made = s.caller.ask("CreateQueue", {{"QueueName", "q"}, {"StreamConfigurationList", {{{"StreamARN", arn}}}}});
    const json receive{{"QueueARN", made["QueueDescription"]["QueueARN"]}};
    s.ask("StartStreamEncryption", with_key("alias/mine"));
    s.ask("PutRecord", record);
    s.say("alias/mine", ErrorCode::kms_disabled);
    for (const auto* operation : {"ReceiveQueueRecords", "ReceiveDeadLetterQueueRecords"})
        CHECK(s.caller.ask(operation, receive)["__type"] == "KMSDisabledException");
    s.caller.options.kms_keys.clear();
    CHECK(s.caller.ask("ReceiveQueueRecords", receive)["QueueRecords"].size() == 1);
}
