// Every member of every request that is served, and that none is taken and dropped: it has an effect, or the request is refused
// with a sentence that names it.
#include <algorithm>

#include "emulator/kinesis/served.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

struct AnyMember {
    void operator()(auto&&...) const {}
};
template <class T>
concept Structure = requires(T& value, AnyMember& visit) { T::members(value, visit); };

// "Name Nested{Inner …} …" in the order of the declaration.
template <class T>
std::string names_of() {
    std::string text;
    T value{};
    const auto visit = [&]<class Member>(std::string_view name, std::optional<Member>&, const kinesis::Rules&) {
        text += (text.empty() ? "" : " ") + std::string{name};
        if constexpr (Structure<Member>)
            text += "{" + names_of<Member>() + "}";
        else if constexpr (requires { requires Structure<typename Member::value_type>; })
            text += "{" + names_of<typename Member::value_type>() + "}";
    };
    T::members(value, visit);
    return text;
}

template <class... Operation>
std::vector<std::pair<std::string, std::string>> requests(kinesis::Operations<Operation...>) {
    return {{std::string{Operation::operation}, names_of<Operation>()}...};
}

struct Taken {
    Taken() {
        world.clock().freeze();
        caller.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 1}});
    }
    World world;
    Caller caller{world};
    // What a request is refused with; empty when it is answered.
    std::string refusal(std::string_view operation, const json& body) {
        const auto told = caller.ask(operation, body);
        return told.contains("message") ? told["message"].get<std::string>() : std::string{};
    }
};

}   // namespace

// Source: the service model in botocore 1.44.8. Whoever adds a member here says in a test what it does.
TEST_CASE("the members of each served request are those of the service's model") {
    const std::vector<std::pair<std::string, std::string>> model{
        {"AcknowledgeDeadLetterQueueRecords", "QueueARN Entries{ReceiptHandle}"},
        {"AcknowledgeQueueRecords", "QueueARN Entries{ReceiptHandle}"},
        {"AddTagsToStream", "StreamName Tags StreamARN StreamId"},
        {"CreateChannel",
         "ChannelName ServiceExecutionRoleARN StreamConfigurationList{StreamARN RecordConfiguration{RecordFormatType GSRSchemaARN}} "
         "S3DestinationConfiguration{DataFreshnessInSeconds DeadLetterQueueS3Configuration{BucketARN ExpectedBucketOwner "
         "ErrorOutputPrefix} StorageConfiguration{BucketARN ExpectedBucketOwner OutputKeyTemplate StorageClass CompressionType}} "
         "S3TablesDestinationConfiguration{DataFreshnessInSeconds DeadLetterQueueS3Configuration{BucketARN ExpectedBucketOwner "
         "ErrorOutputPrefix} S3TablesConfigurationList{TableBucketARN Namespace TableName CompressionType "
         "PartitionSpec{PartitionFields{Transform SourceName}}}} EncryptionConfiguration{EncryptionType KeyId} Tags "
         "LoggingConfiguration{CloudWatchLogs{Enabled LogGroupName LogStreamName}}"},
        {"CreateQueue",
         "QueueName StreamConfigurationList{StreamARN StartingPosition{Type Timestamp}} "
         "QueueAttributes{VisibilityTimeoutSeconds DeadLetterConfiguration{TargetType MaxReceiveCount}} Tags"},
        {"CreateStream",
         "StreamName ShardCount StreamModeDetails{StreamMode} Tags WarmThroughputMiBps MaxRecordSizeInKiB "
         "RecordDistributionStrategy"},
        {"DecreaseStreamRetentionPeriod", "StreamName RetentionPeriodHours StreamARN StreamId"},
        {"DeleteChannel", "ChannelARN"},
        {"DeleteQueue", "QueueARN"},
        {"DeleteResourcePolicy", "ResourceARN StreamId"},
        {"DeleteStream", "StreamName EnforceConsumerDeletion StreamARN StreamId"},
        {"DeregisterStreamConsumer", "StreamARN ConsumerName ConsumerARN StreamId"},
        {"DescribeAccountSettings", ""},
        {"DescribeChannel", "ChannelARN"},
        {"DescribeLimits", ""},
        {"DescribeQueue", "QueueARN"},
        {"DescribeStream", "StreamName Limit ExclusiveStartShardId StreamARN StreamId"},
        {"DescribeStreamConsumer", "StreamARN ConsumerName ConsumerARN StreamId"},
        {"DescribeStreamSummary", "StreamName StreamARN StreamId"},
        {"DisableEnhancedMonitoring", "StreamName ShardLevelMetrics StreamARN StreamId"},
        {"EnableEnhancedMonitoring", "StreamName ShardLevelMetrics StreamARN StreamId"},
        {"GetRecords", "ShardIterator Limit StreamARN StreamId DryRun"},
        {"GetResourcePolicy", "ResourceARN StreamId"},
        {"GetShardIterator", "StreamName ShardId ShardIteratorType StartingSequenceNumber Timestamp StreamARN StreamId DryRun"},
        {"IncreaseStreamRetentionPeriod", "StreamName RetentionPeriodHours StreamARN StreamId"},
        {"ListChannels", "StreamFilter{StreamARN StreamCreationTimestamp} MaxResults NextToken"},
        {"ListQueues", "MaxResults NextToken StreamFilter{StreamARN StreamCreationTimestamp}"},
        {"ListShards",
         "StreamName NextToken ExclusiveStartShardId MaxResults StreamCreationTimestamp ShardFilter{Type ShardId Timestamp} "
         "StreamARN StreamId"},
        {"ListStreamConsumers", "StreamARN NextToken MaxResults StreamCreationTimestamp StreamId"},
        {"ListStreams", "Limit ExclusiveStartStreamName NextToken"},
        {"ListTagsForResource", "ResourceARN StreamId"},
        {"ListTagsForStream", "StreamName ExclusiveStartTagKey Limit StreamARN StreamId"},
        {"MergeShards", "StreamName ShardToMerge AdjacentShardToMerge StreamARN StreamId"},
        {"PutRecord", "StreamName Data PartitionKey ExplicitHashKey SequenceNumberForOrdering StreamARN StreamId DryRun"},
        {"PutRecords", "Records{Data ExplicitHashKey PartitionKey} StreamName StreamARN StreamId DryRun"},
        {"PutResourcePolicy", "ResourceARN StreamId Policy"},
        {"ReceiveDeadLetterQueueRecords", "QueueARN Limit WaitTimeSeconds VisibilityTimeoutSeconds"},
        {"ReceiveQueueRecords", "QueueARN Limit WaitTimeSeconds VisibilityTimeoutSeconds"},
        {"RegisterStreamConsumer", "StreamARN ConsumerName StreamId Tags"},
        {"RemoveTagsFromStream", "StreamName TagKeys StreamARN StreamId"},
        {"RestoreDeadLetterQueueRecords", "QueueARN Entries{ReceiptHandle}"},
        {"SplitShard", "StreamName ShardToSplit NewStartingHashKey StreamARN StreamId"},
        {"StartStreamEncryption", "StreamName EncryptionType KeyId StreamARN StreamId"},
        {"StopStreamEncryption", "StreamName EncryptionType KeyId StreamARN StreamId"},
        {"SubscribeToShard", "ConsumerARN StreamId ShardId StartingPosition{Type SequenceNumber Timestamp} DryRun"},
        {"TagResource", "Tags ResourceARN StreamId"},
        {"UntagResource", "TagKeys ResourceARN StreamId"},
        {"UpdateAccountSettings", "MinimumThroughputBillingCommitment{Status}"},
        {"UpdateChannel",
         "ChannelARN S3DestinationConfiguration{DataFreshnessInSeconds} S3TablesDestinationConfiguration{DataFreshnessInSeconds} "
         "LoggingConfiguration{CloudWatchLogs{Enabled LogGroupName LogStreamName}}"},
        {"UpdateDeadLetterQueueRecordsVisibility", "QueueARN Entries{ReceiptHandle VisibilityTimeoutSeconds}"},
        {"UpdateMaxRecordSize", "StreamARN StreamId MaxRecordSizeInKiB"},
        {"UpdateQueue", "QueueARN QueueAttributes{VisibilityTimeoutSeconds DeadLetterConfiguration{TargetType MaxReceiveCount}}"},
        {"UpdateQueueRecordsVisibility", "QueueARN Entries{ReceiptHandle VisibilityTimeoutSeconds}"},
        {"UpdateShardCount", "StreamName TargetShardCount ScalingType StreamARN StreamId"},
        {"UpdateStreamMode", "StreamARN StreamId StreamModeDetails{StreamMode} WarmThroughputMiBps"},
        {"UpdateStreamRecordDistributionStrategy", "StreamARN StreamId RecordDistributionStrategy"},
        {"UpdateStreamWarmThroughput", "StreamARN StreamName StreamId WarmThroughputMiBps"},
    };
    CHECK(requests(kinesis::Served{}) == model);
}

TEST_CASE("CreateStream refuses a distribution of records that a stream of its mode cannot have, and makes nothing") {
    Taken t;
    CHECK(t.refusal("CreateStream", {{"StreamName", "w"}, {"ShardCount", 1}, {"RecordDistributionStrategy", "AUTO"}}) ==
          "RecordDistributionStrategy AUTO is for streams in On-Demand mode only. Stream w under account 000000000000 is in "
          "Provisioned mode.");
    CHECK(t.caller.ask("ListStreams", json::object())["StreamNames"] == json{"s"});
    // What is the case anyway is taken.
    CHECK(t.refusal("CreateStream",
                    {{"StreamName", "w"}, {"WarmThroughputMiBps", 0}, {"RecordDistributionStrategy", "USER_PARTITION_KEY"}}) ==
          "");
}

TEST_CASE("CreateStream keeps mode, largest record and tags") {
    Taken t;
    CHECK(t.refusal("CreateStream", {{"StreamName", "m"},
                                     {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}},
                                     {"MaxRecordSizeInKiB", 2048},
                                     {"Tags", {{"team", "blue"}}}}) == "");
    const auto told = t.caller.ask("DescribeStreamSummary", {{"StreamName", "m"}})["StreamDescriptionSummary"];
    CHECK(told["StreamModeDetails"]["StreamMode"] == "ON_DEMAND");
    CHECK(told["MaxRecordSizeInKiB"] == 2048);
    CHECK(told["OpenShardCount"] == 4);
    CHECK(t.world.engine->find(t.world.engine->default_world(), "m")->tags ==
          std::map<std::string, std::string>{{"team", "blue"}});
}

TEST_CASE("DryRun ends each request that has it, once it would have succeeded, without an effect") {
    Taken t;
    const json shard = "shardId-000000000000", data = "eA==", key = "k";
    const auto iterator = t.caller.ask(
        "GetShardIterator", {{"StreamName", "s"}, {"ShardId", shard}, {"ShardIteratorType", "LATEST"}})["ShardIterator"];
    const std::vector<std::pair<std::string, json>> requests{
        {"GetRecords", {{"ShardIterator", iterator}}},
        {"GetShardIterator", {{"StreamName", "s"}, {"ShardId", shard}, {"ShardIteratorType", "LATEST"}}},
        {"PutRecord", {{"StreamName", "s"}, {"Data", data}, {"PartitionKey", key}}},
        {"PutRecords", {{"StreamName", "s"}, {"Records", {{{"Data", data}, {"PartitionKey", key}}}}}},
    };
    for (auto [operation, body] : requests) {
        CAPTURE(operation);
        body["DryRun"] = true;
        CHECK(t.refusal(operation, body) == "Request would have succeeded, but the DryRun parameter is set.");
        body["DryRun"] = false;
        CHECK(t.refusal(operation, body) == "");
    }
    const auto stream = t.world.engine->find(t.world.engine->default_world(), "s");
    REQUIRE(stream);
    CHECK(stream->shards[0]->end == 2);   // of the two puts that were meant
}

TEST_CASE("ListStreams begins behind the name and behind the token, whichever is further, as a paginator sends both") {
    Taken t;
    for (const auto* name : {"a", "b", "c", "d"}) t.caller.ask("CreateStream", {{"StreamName", name}, {"ShardCount", 1}});
    const auto first = t.caller.ask("ListStreams", {{"ExclusiveStartStreamName", "a"}, {"Limit", 2}});
    CHECK(first["StreamNames"] == json{"b", "c"});
    const auto second = t.caller.ask("ListStreams", {{"ExclusiveStartStreamName", "a"}, {"NextToken", first["NextToken"]}});
    CHECK(second["StreamNames"] == json{"d", "s"});
    const auto further = t.caller.ask("ListStreams", {{"ExclusiveStartStreamName", "d"}, {"NextToken", first["NextToken"]}});
    CHECK(further["StreamNames"] == json{"s"});
}
