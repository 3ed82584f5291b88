// One call of every operation of the handlers' list, in a place where it succeeds. An operation without an example does not
// compile.
#pragma once

#include <doctest/doctest.h>

#include "emulator/kinesis/served.h"
#include "emulator/streams/channels.h"
#include "tests/support/kinesis_call.h"

namespace sluice::test {

using nlohmann::json;

inline constexpr auto on_demand_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/other";

// A stream "s" of two shards with a record in each, kept for 48 hours; another one that has all that a stream may have, queues
// among it; a third one with a channel "c"; an account that is committed.
struct Scene {
    explicit Scene(milliseconds state_delay, bool full = false) : w{{.state_delay = state_delay}} {
        if (full) {
            w.engine.reset();
            w.store.reopen([] { return storage::open_memory(100'000); });
            w.start();
        }
        w.clock().freeze();
        stream = w.create("s", 2, "kinesis");
        const auto other = w.create("other", 1, "kinesis");
        end_delay();
        for (const auto& changed : {w.engine->set_tags(*other, {{"a", "b"}}), w.engine->set_policy(*other, "{}"),
                                    streams::Result<streams::Ticket>{w.engine->set_metrics(*other, streams::all_metrics)}})
            REQUIRE(w.wait(*changed));
        REQUIRE(w.wait(*w.engine->register_consumer(*other, "reader", {})));
        REQUIRE(w.wait(*w.engine->set_key(*other, "k")));
        end_delay();
        REQUIRE(w.wait(*w.engine->set_capacity(*other, {.on_demand = true})));
        end_delay();
        for (const auto* name : {"work", "work-2"})
            queue = caller.ask("CreateQueue",
                               {{"QueueName", name},
                                {"StreamConfigurationList", {{{"StreamARN", on_demand_arn}}}},
                                {"QueueAttributes",
                                 {{"DeadLetterConfiguration",
                                   {{"TargetType", "BUILT_IN"}, {"MaxReceiveCount", 1}}}}}})["QueueDescription"]["QueueARN"];
        end_delay();
        // The queue's first two records are dead letters, the third is in flight, and a fourth waits.
        const auto on_demand = w.engine->find(w.engine->default_world(), "other");
        for (int n = 0; n < 4; ++n) REQUIRE(w.put(*on_demand->shards[0], {"queued"}));
        const auto received = [&](const char* operation, int most, int seconds) {
            return caller.ask(operation, {{"QueueARN", queue},
                                          {"Limit", most},
                                          {"VisibilityTimeoutSeconds", seconds}})["QueueRecords"][0]["ReceiptHandle"];
        };
        received("ReceiveQueueRecords", 2, 0);
        dead_receipt = received("ReceiveDeadLetterQueueRecords", 1, 40'000);
        receipt = received("ReceiveQueueRecords", 1, 40'000);
        streams::channels_of(w.engine->default_world()).carrier.catch_up = []() -> Task<void> {
            co_return;
        };   // as if to a folder
        caller.ask("CreateStream", {{"StreamName", "carried"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}});
        end_delay();
        channel = caller.ask("CreateChannel", channel_of("c", "carried"))["ChannelDescription"]["ChannelARN"];
        end_delay();
        caller.ask("UpdateAccountSettings", {{"MinimumThroughputBillingCommitment", {{"Status", "ENABLED"}}}});
        REQUIRE(w.wait(*w.engine->set_retention(*stream, 48h)));
        for (const auto& shard : stream->shards) REQUIRE(w.put(*shard, {"kept"}));
        iterator = caller.ask(
            "GetShardIterator",
            {{"StreamName", "s"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "TRIM_HORIZON"}})["ShardIterator"];
        int fillers = 0;
        for (const std::size_t bytes : {10'000, 1'000, 100, 1})
            while (full &&
                   w.wait(w.engine->put(w.engine->default_world(), "filler" + std::to_string(fillers), std::string(bytes, 'x'))))
                ++fillers;
    }
    // What is CREATING or UPDATING is ACTIVE afterwards.
    void end_delay() {
        w.clock().advance(1s);
        w.settle();
    }
    // What a start on the store would make of it, without asking this engine to store anything.
    std::string stored() {
        Engine fresh{w.io->get_executor(), w.store, w.time, w.chance, w.options};
        return fresh.dump();
    }
    World w;
    Caller caller{w};
    static json channel_of(const std::string& name, const std::string& of) {
        const json storage{
            {"BucketARN", "arn:aws:s3:::bucket"}, {"ExpectedBucketOwner", "000000000000"}, {"CompressionType", "ZSTD"}};
        return {{"ChannelName", name},
                {"ServiceExecutionRoleARN", "arn:aws:iam::000000000000:role/r"},
                {"StreamConfigurationList",
                 {{{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/" + of},
                   {"RecordConfiguration", {{"RecordFormatType", "JSON"}}}}}},
                {"S3DestinationConfiguration", {{"StorageConfiguration", storage}}}};
    }
    streams::StreamPointer stream;
    std::string iterator, channel;
    json queue, receipt, dead_receipt;   // of "work-2", on "other"
};

inline json for_shard(int shard) { return {{"StreamName", "s"}, {"ShardId", "shardId-00000000000" + std::to_string(shard)}}; }
inline json record(const std::string& key) { return {{"Data", "cmVjb3Jk"}, {"PartitionKey", key}}; }

// How an operation is asked for, and whether it changes anything.
template <class Operation>
struct Example;
struct Writes {
    static constexpr bool writes = true;
};
struct Reads {
    static constexpr bool writes = false;
};
template <>
struct Example<kinesis::CreateChannel> : Writes {
    static json body(Scene& scene) { return scene.channel_of("another", "other"); }
};
template <>
struct Example<kinesis::DescribeChannel> : Reads {
    static json body(Scene& scene) { return {{"ChannelARN", scene.channel}}; }
};
template <>
struct Example<kinesis::ListChannels> : Reads {
    static json body(Scene&) { return json::object(); }
};
template <>
struct Example<kinesis::UpdateChannel> : Writes {
    static json body(Scene& scene) {
        return {{"ChannelARN", scene.channel}, {"S3DestinationConfiguration", {{"DataFreshnessInSeconds", 600}}}};
    }
};
template <>
struct Example<kinesis::DeleteChannel> : Writes {
    static json body(Scene& scene) { return {{"ChannelARN", scene.channel}}; }
};
template <>
struct Example<kinesis::CreateStream> : Writes {
    static json body(Scene&) { return {{"StreamName", "made"}, {"ShardCount", 3}}; }
};
template <>
struct Example<kinesis::DecreaseStreamRetentionPeriod> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}, {"RetentionPeriodHours", 24}}; }
};
template <>
struct Example<kinesis::DeleteStream> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}}; }
};
template <>
struct Example<kinesis::DescribeStream> : Reads {
    static json body(Scene&) { return {{"StreamName", "s"}}; }
};
template <>
struct Example<kinesis::DescribeStreamSummary> : Reads {
    static json body(Scene&) { return {{"StreamName", "s"}}; }
};
template <>
struct Example<kinesis::GetRecords> : Reads {
    static json body(Scene& scene) { return {{"ShardIterator", scene.iterator}}; }
};
template <>
struct Example<kinesis::GetShardIterator> : Reads {
    static json body(Scene&) {
        auto asked = for_shard(0);
        asked["ShardIteratorType"] = "LATEST";
        return asked;
    }
};
template <>
struct Example<kinesis::IncreaseStreamRetentionPeriod> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}, {"RetentionPeriodHours", 72}}; }
};
template <>
struct Example<kinesis::ListShards> : Reads {
    static json body(Scene&) { return {{"StreamName", "s"}}; }
};
template <>
struct Example<kinesis::ListStreams> : Reads {
    static json body(Scene&) { return json::object(); }
};
template <>
struct Example<kinesis::MergeShards> : Writes {
    static json body(Scene&) {
        return {{"StreamName", "s"}, {"ShardToMerge", "shardId-000000000000"}, {"AdjacentShardToMerge", "shardId-000000000001"}};
    }
};
template <>
struct Example<kinesis::PutRecord> : Writes {
    static json body(Scene&) {
        auto asked = record("k");
        asked["StreamName"] = "s";
        return asked;
    }
};
template <>
struct Example<kinesis::PutRecords> : Writes {
    static json body(Scene&) {
        auto records = json::array();
        for (int i = 0; i < 8; ++i) records.push_back(record("k" + std::to_string(i)));
        return {{"StreamName", "s"}, {"Records", records}};
    }
};
template <>
struct Example<kinesis::SplitShard> : Writes {
    static json body(Scene&) {
        return {{"StreamName", "s"}, {"ShardToSplit", "shardId-000000000000"}, {"NewStartingHashKey", "1000"}};
    }
};

inline const json other_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/other";

template <>
struct Example<kinesis::AddTagsToStream> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}, {"Tags", {{"a", "b"}}}}; }
};
template <>
struct Example<kinesis::DeleteResourcePolicy> : Writes {
    static json body(Scene&) { return {{"ResourceARN", other_arn}}; }
};
template <>
struct Example<kinesis::DescribeAccountSettings> : Reads {
    static json body(Scene&) { return json::object(); }
};
template <>
struct Example<kinesis::DescribeLimits> : Reads {
    static json body(Scene&) { return json::object(); }
};
template <>
struct Example<kinesis::DisableEnhancedMonitoring> : Writes {
    static json body(Scene&) { return {{"StreamName", "other"}, {"ShardLevelMetrics", {"ALL"}}}; }
};
template <>
struct Example<kinesis::EnableEnhancedMonitoring> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}, {"ShardLevelMetrics", {"ALL"}}}; }
};
template <>
struct Example<kinesis::GetResourcePolicy> : Reads {
    static json body(Scene&) { return {{"ResourceARN", other_arn}}; }
};
template <>
struct Example<kinesis::ListTagsForResource> : Reads {
    static json body(Scene&) { return {{"ResourceARN", other_arn}}; }
};
template <>
struct Example<kinesis::ListTagsForStream> : Reads {
    static json body(Scene&) { return {{"StreamName", "other"}}; }
};
template <>
struct Example<kinesis::PutResourcePolicy> : Writes {
    static json body(Scene&) { return {{"ResourceARN", other_arn}, {"Policy", R"({"Statement": []})"}}; }
};
template <>
struct Example<kinesis::RemoveTagsFromStream> : Writes {
    static json body(Scene&) { return {{"StreamName", "other"}, {"TagKeys", {"a"}}}; }
};
template <>
struct Example<kinesis::StartStreamEncryption> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}, {"EncryptionType", "KMS"}, {"KeyId", "k"}}; }
};
template <>
struct Example<kinesis::StopStreamEncryption> : Writes {
    static json body(Scene&) { return {{"StreamName", "other"}, {"EncryptionType", "KMS"}, {"KeyId", "k"}}; }
};
template <>
struct Example<kinesis::TagResource> : Writes {
    static json body(Scene&) { return {{"ResourceARN", other_arn}, {"Tags", {{"c", "d"}}}}; }
};
template <>
struct Example<kinesis::UntagResource> : Writes {
    static json body(Scene&) { return {{"ResourceARN", other_arn}, {"TagKeys", {"a"}}}; }
};
template <>
struct Example<kinesis::UpdateAccountSettings> : Writes {
    static json body(Scene&) { return {{"MinimumThroughputBillingCommitment", {{"Status", "DISABLED"}}}}; }
};
template <>
struct Example<kinesis::UpdateMaxRecordSize> : Writes {
    static json body(Scene&) { return {{"StreamARN", other_arn}, {"MaxRecordSizeInKiB", 2048}}; }
};
template <>
struct Example<kinesis::UpdateShardCount> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}, {"TargetShardCount", 3}, {"ScalingType", "UNIFORM_SCALING"}}; }
};
template <>
struct Example<kinesis::UpdateStreamMode> : Writes {
    static json body(Scene&) {
        return {{"StreamARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
                {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}};
    }
};
template <>
struct Example<kinesis::UpdateStreamRecordDistributionStrategy> : Writes {
    static json body(Scene&) { return {{"StreamARN", other_arn}, {"RecordDistributionStrategy", "AUTO"}}; }
};
template <>
struct Example<kinesis::UpdateStreamWarmThroughput> : Writes {
    static json body(Scene&) { return {{"StreamName", "other"}, {"WarmThroughputMiBps", 6}}; }
};

template <>
struct Example<kinesis::RegisterStreamConsumer> : Writes {
    static json body(Scene&) { return {{"StreamARN", other_arn}, {"ConsumerName", "another"}, {"Tags", {{"a", "b"}}}}; }
};
template <>
struct Example<kinesis::DeregisterStreamConsumer> : Writes {
    static json body(Scene&) { return {{"StreamARN", other_arn}, {"ConsumerName", "reader"}}; }
};
template <>
struct Example<kinesis::DescribeStreamConsumer> : Reads {
    static json body(Scene&) { return {{"StreamARN", other_arn}, {"ConsumerName", "reader"}}; }
};
template <>
struct Example<kinesis::ListStreamConsumers> : Reads {
    static json body(Scene&) { return {{"StreamARN", other_arn}}; }
};
template <>
struct Example<kinesis::SubscribeToShard> : Reads {
    static json body(Scene& scene) {
        const auto told = scene.caller.ask("DescribeStreamConsumer", Example<kinesis::DescribeStreamConsumer>::body(scene));
        return {{"ConsumerARN", told["ConsumerDescription"]["ConsumerARN"]},
                {"ShardId", "shardId-000000000000"},
                {"StartingPosition", {{"Type", "LATEST"}}}};
    }
};

template <>
struct Example<kinesis::CreateQueue> : Writes {
    static json body(Scene&) { return {{"QueueName", "another"}, {"StreamConfigurationList", {{{"StreamARN", on_demand_arn}}}}}; }
};
template <>
struct Example<kinesis::DescribeQueue> : Reads {
    static json body(Scene& scene) { return {{"QueueARN", scene.queue}}; }
};
template <>
struct Example<kinesis::ListQueues> : Reads {
    static json body(Scene&) { return json::object(); }
};
template <>
struct Example<kinesis::UpdateQueue> : Writes {
    static json body(Scene& scene) { return {{"QueueARN", scene.queue}, {"QueueAttributes", {{"VisibilityTimeoutSeconds", 5}}}}; }
};
template <>
struct Example<kinesis::DeleteQueue> : Writes {
    static json body(Scene& scene) { return {{"QueueARN", scene.queue}}; }
};
template <>
struct Example<kinesis::ReceiveQueueRecords> : Writes {
    static json body(Scene& scene) { return {{"QueueARN", scene.queue}}; }
};
template <>
struct Example<kinesis::ReceiveDeadLetterQueueRecords> : Writes {
    static json body(Scene& scene) { return {{"QueueARN", scene.queue}}; }
};
struct Settles : Writes {
    static json entry(const Scene& scene, const json& handle) {
        return {{"QueueARN", scene.queue}, {"Entries", {{{"ReceiptHandle", handle}}}}};
    }
    static json hidden(const Scene& scene, const json& handle) {
        return {{"QueueARN", scene.queue}, {"Entries", {{{"ReceiptHandle", handle}, {"VisibilityTimeoutSeconds", 7}}}}};
    }
};
template <>
struct Example<kinesis::AcknowledgeQueueRecords> : Settles {
    static json body(Scene& scene) { return entry(scene, scene.receipt); }
};
template <>
struct Example<kinesis::AcknowledgeDeadLetterQueueRecords> : Settles {
    static json body(Scene& scene) { return entry(scene, scene.dead_receipt); }
};
template <>
struct Example<kinesis::RestoreDeadLetterQueueRecords> : Settles {
    static json body(Scene& scene) { return entry(scene, scene.dead_receipt); }
};
template <>
struct Example<kinesis::UpdateQueueRecordsVisibility> : Settles {
    static json body(Scene& scene) { return hidden(scene, scene.receipt); }
};
template <>
struct Example<kinesis::UpdateDeadLetterQueueRecordsVisibility> : Settles {
    static json body(Scene& scene) { return hidden(scene, scene.dead_receipt); }
};

}   // namespace sluice::test
