// What an account may have and has agreed to, and what of a stream depends on it: mode, warm throughput, the largest record.
#include "tests/support/kinesis_stream.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

struct Stream : KinesisStream {
    using KinesisStream::KinesisStream;
    json summary() { return ask("DescribeStreamSummary", json::object())["StreamDescriptionSummary"]; }
    json limits() { return caller.ask("DescribeLimits", json::object()); }
    json commit(const char* status) {
        return caller.ask("UpdateAccountSettings",
                          {{"MinimumThroughputBillingCommitment", {{"Status", status}}}})["MinimumThroughputBillingCommitment"];
    }
    json commitment() { return caller.ask("DescribeAccountSettings", json::object())["MinimumThroughputBillingCommitment"]; }
    std::string mode(const char* to, json more = json::object()) {
        more.update({{"StreamARN", arn}, {"StreamModeDetails", {{"StreamMode", to}}}});
        return refusal("UpdateStreamMode", more);
    }
    const json arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
};

}   // namespace

TEST_CASE("DescribeLimits counts the account's open shards and on-demand streams, of what is listed") {
    Stream s;
    CHECK(s.limits() == json{{"ShardLimit", 20'000},
                             {"OpenShardCount", 1},
                             {"OnDemandStreamCount", 0},
                             {"OnDemandStreamCountLimit", 50},
                             {"ChannelCount", 0},
                             {"ChannelCountLimit", 100}});
    s.caller.ask("CreateStream", {{"StreamName", "d"}});
    s.world.create("t", 3, "kafka");
    s.world.create("__hidden", 7, "kafka");
    CHECK(s.limits()["OpenShardCount"] == 8);
    CHECK(s.limits()["OnDemandStreamCount"] == 1);
    s.caller.ask("DeleteStream", {{"StreamName", "d"}});
    CHECK(s.limits()["OpenShardCount"] == 4);
    CHECK(s.limits()["OnDemandStreamCount"] == 0);
}

TEST_CASE("with separate scopes each account and region has counts and commitments of its own") {
    World world;
    const auto caller = [&](std::string key, std::string region) {
        Caller made{.world = world, .key = std::move(key), .region = std::move(region)};
        made.options.separate_scopes = true;
        return made;
    };
    auto home = caller("test", "us-east-1"), other = caller("111122223333", "us-east-1"),
         far = caller("111122223333", "eu-west-1");
    home.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 1}});
    other.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 2}});
    world.create("111122223333.eu-west-1.made-by-kafka", 4, "kafka");
    const auto shards = [](Caller& who) { return who.ask("DescribeLimits", json::object())["OpenShardCount"]; };
    CHECK(shards(home) == 1);
    CHECK(shards(other) == 2);
    CHECK(shards(far) == 4);
    other.ask("UpdateAccountSettings", {{"MinimumThroughputBillingCommitment", {{"Status", "ENABLED"}}}});
    const auto status = [](Caller& who) {
        return who.ask("DescribeAccountSettings", json::object())["MinimumThroughputBillingCommitment"]["Status"];
    };
    CHECK(status(other) == "ENABLED");
    CHECK(status(home) == "DISABLED");
}

TEST_CASE("a commitment lasts a day at least, by the server's clock and over a restart") {
    Stream s;
    CHECK(s.commitment() == json{{"Status", "DISABLED"}});
    CHECK(s.commit("DISABLED") == json{{"Status", "DISABLED"}});
    const json enabled{{"Status", "ENABLED"}, {"StartedAt", 1'700'000'000}, {"EarliestAllowedEndAt", 1'700'086'400}};
    CHECK(s.commit("ENABLED") == enabled);
    s.world.clock().advance(1h);
    CHECK(s.commit("ENABLED") == enabled);   // it is
    CHECK(s.commit("DISABLED")["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END");
    CHECK(s.commit("ENABLED") == enabled);   // after all
    s.commit("DISABLED");
    s.world.open();
    s.world.clock().advance(23h - 1ms);
    CHECK(s.commitment()["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END");
    s.world.clock().advance(1ms);
    CHECK(s.commitment() == json{{"Status", "DISABLED"}, {"StartedAt", 1'700'000'000}, {"EndedAt", 1'700'086'400}});
    CHECK(s.commit("ENABLED")["StartedAt"] == 1'700'086'400);
    s.world.clock().advance(30h);
    CHECK(s.commit("DISABLED")["EndedAt"] == 1'700'086'400 + 30 * 3600);
    s.world.engine->reset(s.world.engine->default_world());
    s.world.settle();
    CHECK(s.commitment() == json{{"Status", "DISABLED"}});
}

TEST_CASE("a commitment that cannot be stored is refused") {
    Stream s;
    s.world.store.fail(1);
    CHECK(s.refusal("UpdateAccountSettings", {{"MinimumThroughputBillingCommitment", {{"Status", "ENABLED"}}}}) ==
          "InternalFailure: Internal service failure.");
    CHECK(s.commitment() == json{{"Status", "DISABLED"}});
}

TEST_CASE("warm throughput is for on-demand streams of an account with a commitment, and makes as many shards as take it in") {
    Stream s;
    const json ten{{"StreamName", "w"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}, {"WarmThroughputMiBps", 10}};
    CHECK(s.refusal("CreateStream", ten).contains("which is not enabled for account 000000000000"));
    CHECK(s.refusal("CreateStream", {{"StreamName", "w"}, {"ShardCount", 2}, {"WarmThroughputMiBps", 10}}) ==
          "ValidationException: WarmThroughputMiBps can be set for streams in On-Demand mode only.");
    s.commit("ENABLED");
    CHECK(s.refusal("CreateStream", ten) == "");
    const auto told = [&] { return s.ask("DescribeStreamSummary", {{"StreamName", "w"}})["StreamDescriptionSummary"]; };
    CHECK(told()["OpenShardCount"] == 10);
    CHECK(told()["WarmThroughput"] == json{{"TargetMiBps", 10}, {"CurrentMiBps", 10}});
    CHECK(s.ask("UpdateStreamWarmThroughput", {{"StreamName", "w"}, {"WarmThroughputMiBps", 12}}) ==
          json{{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/w"},
               {"StreamName", "w"},
               {"WarmThroughput", {{"TargetMiBps", 12}, {"CurrentMiBps", 10}}}});
    CHECK(told()["OpenShardCount"] == 12);
    CHECK(s.refusal("UpdateStreamWarmThroughput", {{"StreamName", "w"}, {"WarmThroughputMiBps", 10'241}}) ==
          "LimitExceededException: WarmThroughputMiBps cannot be more than 10240.");
    s.world.open();
    CHECK(told()["WarmThroughput"] == json{{"TargetMiBps", 12}, {"CurrentMiBps", 12}});
    CHECK(s.refusal("UpdateStreamWarmThroughput", {{"StreamName", "w"}, {"WarmThroughputMiBps", 0}}) == "");
    CHECK(told()["OpenShardCount"] == 4);
    CHECK_FALSE(told().contains("WarmThroughput"));
    CHECK(s.refusal("UpdateStreamWarmThroughput", {{"WarmThroughputMiBps", 5}}) ==
          "ValidationException: WarmThroughputMiBps can be set for streams in On-Demand mode only.");
    CHECK(s.refusal("CreateStream", {{"StreamName", "none"}, {"ShardCount", 1}, {"WarmThroughputMiBps", 0}}) == "");
}

TEST_CASE("UpdateStreamMode leaves the shards, decides who scales, and goes through UPDATING") {
    Stream s{{.state_delay = 5s}};
    CHECK(s.mode("ON_DEMAND") == "");
    CHECK(s.summary()["StreamStatus"] == "UPDATING");
    CHECK(s.summary()["StreamModeDetails"]["StreamMode"] == "PROVISIONED");
    s.world.clock().advance(5s);
    CHECK(s.summary()["StreamModeDetails"]["StreamMode"] == "ON_DEMAND");
    CHECK(s.summary()["OpenShardCount"] == 1);
    CHECK(s.refusal("SplitShard", {{"ShardToSplit", "0"}, {"NewStartingHashKey", "7"}}).contains("On-Demand mode"));
    CHECK(s.mode("ON_DEMAND") == "");   // as it is: nothing happens
    CHECK(s.summary()["StreamStatus"] == "ACTIVE");
    CHECK(s.mode("PROVISIONED") == "");
    s.world.clock().advance(5s);
    CHECK(s.summary()["StreamModeDetails"]["StreamMode"] == "PROVISIONED");
    CHECK(s.mode("PROVISIONED", {{"WarmThroughputMiBps", 5}}) ==
          "ValidationException: WarmThroughputMiBps can be set for streams in On-Demand mode only.");
    s.commit("ENABLED");
    CHECK(s.mode("ON_DEMAND", {{"WarmThroughputMiBps", 6}}) == "");
    CHECK(s.summary()["WarmThroughput"] == json{{"TargetMiBps", 6}, {"CurrentMiBps", 1}});
    s.world.open();
    s.world.clock().advance(5s);
    CHECK(s.summary()["WarmThroughput"] == json{{"TargetMiBps", 6}, {"CurrentMiBps", 6}});
    CHECK(s.mode("PROVISIONED") == "");
    s.world.clock().advance(5s);
    CHECK_FALSE(s.summary().contains("WarmThroughput"));
}

TEST_CASE("the mode is switched twice a day where everything is as strict as at AWS, and as often as wanted elsewhere") {
    for (const std::string profile : {"kinesis", "kinesis-strict"}) {
        Stream s{{.kinesis_profile = profile}};
        CHECK(s.mode("ON_DEMAND") == "");
        CHECK(s.mode("PROVISIONED") == "");
        CHECK((s.mode("ON_DEMAND") == "") == (profile == "kinesis"));
        s.world.open();
        s.world.clock().advance(24h);
        CHECK(s.mode("ON_DEMAND") == "");
    }
}

TEST_CASE("retention is as it was, whatever else of a stream is changed") {
    Stream s;
    s.ask("IncreaseStreamRetentionPeriod", {{"RetentionPeriodHours", 48}});
    s.commit("ENABLED");
    s.ask("AddTagsToStream", {{"Tags", {{"a", "b"}}}});
    s.ask("StartStreamEncryption", {{"EncryptionType", "KMS"}, {"KeyId", "k"}});
    s.ask("EnableEnhancedMonitoring", {{"ShardLevelMetrics", {"ALL"}}});
    s.ask("PutResourcePolicy", {{"ResourceARN", s.arn}, {"Policy", "{}"}});
    s.ask("UpdateMaxRecordSize", {{"StreamARN", s.arn}, {"MaxRecordSizeInKiB", 2'048}});
    s.ask("UpdateShardCount", {{"TargetShardCount", 2}, {"ScalingType", "UNIFORM_SCALING"}});
    CHECK(s.mode("ON_DEMAND", {{"WarmThroughputMiBps", 5}}) == "");
    CHECK(s.summary()["RetentionPeriodHours"] == 48);
    CHECK(s.summary()["OpenShardCount"] == 5);
    CHECK(s.world.engine->find(s.world.engine->default_world(), "s")->retention == 48h);   // what Kafka calls retention.ms
}

TEST_CASE("UpdateMaxRecordSize counts for the next record, and for the bucket that must hold it") {
    Stream s;
    const json large{{"PartitionKey", "k"}, {"Data", std::string(2'000'000, 'A')}};
    CHECK(s.refusal("PutRecord", large).starts_with("ValidationException"));
    CHECK(s.refusal("UpdateMaxRecordSize", {{"StreamARN", s.arn}, {"MaxRecordSizeInKiB", 10'240}}) == "");
    CHECK(s.summary()["MaxRecordSizeInKiB"] == 10'240);
    CHECK(s.refusal("PutRecord", large).starts_with("ProvisionedThroughputExceededException"));   // a second's tokens are there
    s.world.clock().advance(1s);
    CHECK(s.refusal("PutRecord", large) == "");
    s.world.open();
    CHECK(s.summary()["MaxRecordSizeInKiB"] == 10'240);
    for (const int size : {1'023, 10'241})
        CHECK(s.refusal("UpdateMaxRecordSize", {{"StreamARN", s.arn}, {"MaxRecordSizeInKiB", size}})
                  .starts_with("ValidationException"));
    CHECK(s.caller.ask("UpdateMaxRecordSize", {{"MaxRecordSizeInKiB", 2'048}})["message"].get<std::string>().contains(
        "'streamARN'"));
}
