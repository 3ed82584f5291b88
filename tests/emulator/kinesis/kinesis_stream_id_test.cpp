// Rule 21: with a StreamId in hand an SDK leaves the custom endpoint for the real service, so none is ever given out or taken.
#include "emulator/kinesis/served.h"
#include "emulator/streams/channels.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

struct Asked {
    const char* operation;
    json body;
};

bool of_queue(std::string_view operation) { return operation.contains("Queue"); }

// One successful call of everything that is served, in an order that works.
std::vector<Asked> everything(Caller& caller) {
    const json s{{"StreamName", "s"}};
    const auto with = [&](json more) {
        more.update(s);
        return more;
    };
    caller.ask("CreateStream", with({{"ShardCount", 2}}));
    caller.ask("PutRecord", with({{"PartitionKey", "k"}, {"Data", "eA=="}}));
    const auto iterator =
        caller.ask("GetShardIterator", with({{"ShardId", "shardId-000000000001"}, {"ShardIteratorType", "TRIM_HORIZON"}}));
    const json arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    const json key{{"EncryptionType", "KMS"}, {"KeyId", "k"}}, metrics{{"ShardLevelMetrics", {"ALL"}}};
    const json commitment{{"MinimumThroughputBillingCommitment", {{"Status", "ENABLED"}}}};
    const auto mode = [&](const char* to) { return json{{"StreamARN", arn}, {"StreamModeDetails", {{"StreamMode", to}}}}; };
    // A channel of a stream of its own: what it is made for is a folder, of which nothing is used here.
    streams::channels_of(caller.world.engine->default_world()).carrier.catch_up = []() -> Task<void> { co_return; };
    for (const char* name : {"carried", "carried-too"})
        caller.ask("CreateStream", {{"StreamName", name}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
    const auto channel = [](const std::string& name, const std::string& of) -> json {
        const json storage{
            {"BucketARN", "arn:aws:s3:::bucket"}, {"ExpectedBucketOwner", "000000000000"}, {"CompressionType", "NONE"}};
        return {{"ChannelName", name},
                {"ServiceExecutionRoleARN", "arn:aws:iam::000000000000:role/r"},
                {"StreamConfigurationList",
                 {{{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/" + of},
                   {"RecordConfiguration", {{"RecordFormatType", "STRING"}}}}}},
                {"S3DestinationConfiguration", {{"StorageConfiguration", storage}}}};
    };
    const json channel_arn = caller.ask("CreateChannel", channel("c", "carried"))["ChannelDescription"]["ChannelARN"];
    return {
        {"CreateChannel", channel("d", "carried-too")},
        {"DescribeChannel", {{"ChannelARN", channel_arn}}},
        {"ListChannels", json::object()},
        {"UpdateChannel", {{"ChannelARN", channel_arn}, {"S3DestinationConfiguration", {{"DataFreshnessInSeconds", 600}}}}},
        {"DeleteChannel", {{"ChannelARN", channel_arn}}},
        {"AddTagsToStream", with({{"Tags", {{"a", "b"}}}})},
        {"RemoveTagsFromStream", with({{"TagKeys", {"a"}}})},
        {"ListTagsForStream", s},
        {"TagResource", {{"ResourceARN", arn}, {"Tags", {{"a", "b"}}}}},
        {"UntagResource", {{"ResourceARN", arn}, {"TagKeys", {"a"}}}},
        {"ListTagsForResource", {{"ResourceARN", arn}}},
        {"PutResourcePolicy", {{"ResourceARN", arn}, {"Policy", "{}"}}},
        {"GetResourcePolicy", {{"ResourceARN", arn}}},
        {"DeleteResourcePolicy", {{"ResourceARN", arn}}},
        {"StartStreamEncryption", with(key)},
        {"StopStreamEncryption", with(key)},
        {"EnableEnhancedMonitoring", with(metrics)},
        {"DisableEnhancedMonitoring", with(metrics)},
        {"RegisterStreamConsumer", {{"StreamARN", arn}, {"ConsumerName", "c"}}},
        {"DescribeStreamConsumer", {{"StreamARN", arn}, {"ConsumerName", "c"}}},
        {"ListStreamConsumers", {{"StreamARN", arn}}},
        {"SubscribeToShard",
         {{"ConsumerARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1700000000"},
          {"ShardId", "shardId-000000000000"},
          {"StartingPosition", {{"Type", "LATEST"}}}}},
        {"DeregisterStreamConsumer", {{"StreamARN", arn}, {"ConsumerName", "c"}}},
        {"DescribeLimits", json::object()},
        {"UpdateAccountSettings", commitment},
        {"DescribeAccountSettings", json::object()},
        {"UpdateMaxRecordSize", {{"StreamARN", arn}, {"MaxRecordSizeInKiB", 2048}}},
        {"CreateStream", {{"StreamName", "other"}, {"ShardCount", 1}}},
        {"IncreaseStreamRetentionPeriod", with({{"RetentionPeriodHours", 48}})},
        {"DecreaseStreamRetentionPeriod", with({{"RetentionPeriodHours", 24}})},
        {"DescribeStream", s},
        {"DescribeStreamSummary", s},
        {"GetRecords", iterator.contains("ShardIterator") ? json{{"ShardIterator", iterator["ShardIterator"]}} : json::object()},
        {"GetShardIterator", with({{"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "LATEST"}})},
        {"ListShards", s},
        {"ListStreams", json::object()},
        {"PutRecord", with({{"PartitionKey", "k"}, {"Data", "eA=="}})},
        {"PutRecords", with({{"Records", {{{"PartitionKey", "k"}, {"Data", "eA=="}}}}})},
        {"MergeShards", with({{"ShardToMerge", "shardId-000000000000"}, {"AdjacentShardToMerge", "shardId-000000000001"}})},
        {"SplitShard",
         with({{"ShardToSplit", "shardId-000000000002"}, {"NewStartingHashKey", "170141183460469231731687303715884105728"}})},
        {"UpdateShardCount", with({{"TargetShardCount", 2}, {"ScalingType", "UNIFORM_SCALING"}})},
        {"UpdateStreamMode", mode("ON_DEMAND")},
        {"CreateQueue",
         {{"QueueName", "q"},
          {"StreamConfigurationList", {{{"StreamARN", arn}, {"StartingPosition", {{"Type", "TRIM_HORIZON"}}}}}}}},
        {"ListQueues", json::object()},
        {"DescribeQueue", json::object()},
        {"UpdateQueue",
         {{"QueueAttributes", {{"DeadLetterConfiguration", {{"TargetType", "BUILT_IN"}, {"MaxReceiveCount", 1}}}}}}},
        {"ReceiveQueueRecords", {{"VisibilityTimeoutSeconds", 30}}},
        {"UpdateQueueRecordsVisibility", {{"VisibilityTimeoutSeconds", 0}}},
        {"ReceiveDeadLetterQueueRecords", {{"VisibilityTimeoutSeconds", 30}}},
        {"UpdateDeadLetterQueueRecordsVisibility", {{"VisibilityTimeoutSeconds", 30}}},
        {"RestoreDeadLetterQueueRecords", json::object()},
        {"AcknowledgeQueueRecords", json::object()},
        {"AcknowledgeDeadLetterQueueRecords", json::object()},
        {"DeleteQueue", json::object()},
        {"UpdateStreamRecordDistributionStrategy", {{"StreamARN", arn}, {"RecordDistributionStrategy", "AUTO"}}},
        {"UpdateStreamWarmThroughput", with({{"WarmThroughputMiBps", 5}})},
        {"DeleteStream", s}};
}

template <class... Operation>
constexpr std::size_t count(kinesis::Operations<Operation...>) {
    return sizeof...(Operation);
}

}   // namespace

TEST_CASE("no answer of any operation carries a StreamId") {
    World world;
    Caller caller{world};
    const auto all = everything(caller);
    CHECK(all.size() == count(kinesis::Served{}));
    json queue, receipt;   // as they were told
    for (auto [operation, body] : all) {
        CAPTURE(operation);
        if (of_queue(operation)) {
            body["QueueARN"] = queue;
            if (json entry{{"ReceiptHandle", receipt}}; std::string_view{operation}.ends_with("Visibility"))
                entry.update(body), body["Entries"] = {entry};
            else if (!std::string_view{operation}.starts_with("Receive"))
                body["Entries"] = {entry};
        }
        const auto told = caller.answer(operation, body);
        if (const auto fields = fields_of(told); fields.contains("QueueDescription"))
            queue = fields["QueueDescription"]["QueueARN"];
        else if (fields.contains("QueueRecords") && !fields["QueueRecords"].empty())
            receipt = fields["QueueRecords"][0]["ReceiptHandle"];
        CHECK(told.status == 200);
        CHECK_FALSE(told.body.contains("StreamId"));
    }
}

TEST_CASE("a request with a StreamId is refused with a text that says why") {
    World world;
    Caller caller{world};
    for (auto& [operation, body] : everything(caller)) {
        const std::string_view name = operation;
        if (of_queue(operation) || name.contains("Channel") || name == "CreateStream" || name == "ListStreams" ||
            name == "DescribeLimits" || name.ends_with("AccountSettings"))
            continue;   // they have no such member
        CAPTURE(operation);
        body["StreamId"] = "abcdefghij0123456789-abc";
        const auto told = caller.ask(operation, body);
        CHECK(told["__type"] == "InvalidArgumentException");
        CHECK(told["message"].get<std::string>().starts_with("StreamId is not served here"));
    }
}
