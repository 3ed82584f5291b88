// Encryption as clients see it: nothing is encrypted, and every answer says what AWS's would say.
#include "tests/support/kinesis_stream.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

struct Stream : KinesisStream {
    using KinesisStream::KinesisStream;
    json description() { return ask("DescribeStream", json::object())["StreamDescription"]; }
    json records() {
        const auto it = ask("GetShardIterator", {{"ShardId", "0"}, {"ShardIteratorType", "TRIM_HORIZON"}})["ShardIterator"];
        return caller.ask("GetRecords", {{"ShardIterator", it}})["Records"];
    }
};

const json put{{"PartitionKey", "k"}, {"Data", "eA=="}};
json with_key(const char* key) { return {{"EncryptionType", "KMS"}, {"KeyId", key}}; }

}   // namespace

TEST_CASE("records say that they are encrypted when they were written while their stream was, and no others do") {
    Stream s;
    CHECK_FALSE(s.ask("PutRecord", put).contains("EncryptionType"));
    CHECK(s.refusal("StartStreamEncryption", with_key("alias/mine")) == "");
    CHECK(s.description()["EncryptionType"] == "KMS");
    CHECK(s.description()["KeyId"] == "alias/mine");
    const auto summary = s.ask("DescribeStreamSummary", json::object())["StreamDescriptionSummary"];
    CHECK(summary["EncryptionType"] == "KMS");
    CHECK(summary["KeyId"] == "alias/mine");
    CHECK(s.ask("PutRecord", put)["EncryptionType"] == "KMS");
    CHECK(s.ask("PutRecords", {{"Records", {put, put}}})["EncryptionType"] == "KMS");
    CHECK(s.refusal("StopStreamEncryption", with_key("alias/mine")) == "");
    CHECK(s.description()["EncryptionType"] == "NONE");
    CHECK_FALSE(s.description().contains("KeyId"));
    CHECK_FALSE(s.ask("PutRecords", {{"Records", {put}}}).contains("EncryptionType"));
    std::string seen;
    for (const auto& record : s.records()) seen += record.contains("EncryptionType") ? 'K' : '-';
    CHECK(seen == "-KKK-");
}

TEST_CASE("a stream is UPDATING while its encryption begins, and takes records") {
    Stream s{{.state_delay = 3s}};
    CHECK(s.refusal("StartStreamEncryption", with_key("k")) == "");
    CHECK(s.description()["StreamStatus"] == "UPDATING");
    CHECK(s.description()["EncryptionType"] == "NONE");
    CHECK_FALSE(s.ask("PutRecord", put).contains("EncryptionType"));
    CHECK(s.refusal("StopStreamEncryption", with_key("k")) ==
          "ResourceInUseException: Stream s under account 000000000000 not ACTIVE, instead in state UPDATING");
    s.world.clock().advance(3s);
    CHECK(s.description()["StreamStatus"] == "ACTIVE");
    CHECK(s.ask("PutRecord", put)["EncryptionType"] == "KMS");
}

TEST_CASE("any key is taken, NONE is no type to ask for, and both members are needed") {
    Stream s;
    CHECK(s.refusal("StartStreamEncryption", with_key("arn:aws:kms:us-east-1:1:key/no such")) == "");
    CHECK(s.refusal("StartStreamEncryption", with_key("another")) == "");
    CHECK(s.description()["KeyId"] == "another");
    CHECK(s.refusal("StartStreamEncryption", {{"EncryptionType", "NONE"}, {"KeyId", "k"}}) ==
          "InvalidArgumentException: EncryptionType NONE is none that can be asked for. The only valid value is KMS.");
    CHECK(s.refusal("StartStreamEncryption", {{"EncryptionType", "AES"}, {"KeyId", ""}}).starts_with("ValidationException: 2 "));
    CHECK(s.refusal("StopStreamEncryption", {{"EncryptionType", "KMS"}}).contains("'keyId'"));
}

TEST_CASE("25 keys a day are allowed where everything is as strict as at AWS") {
    for (const std::string profile : {"kinesis", "kinesis-strict"}) {
        Stream s{{.kinesis_profile = profile}};
        for (int i = 0; i < 25; ++i) CHECK(s.refusal("StartStreamEncryption", with_key("k")) == "");
        s.world.clock().advance(23h);
        CHECK((s.refusal("StartStreamEncryption", with_key("k")) == "") == (profile == "kinesis"));
        s.world.clock().advance(1h);
        CHECK(s.refusal("StartStreamEncryption", with_key("k")) == "");
    }
}

TEST_CASE("encryption that cannot be stored is refused and does not begin") {
    Stream s;
    s.world.store.fail(1);
    CHECK(s.refusal("StartStreamEncryption", with_key("k")) == "InternalFailure: Internal service failure.");
    CHECK(s.description()["EncryptionType"] == "NONE");
    CHECK_FALSE(s.ask("PutRecord", put).contains("EncryptionType"));
}
