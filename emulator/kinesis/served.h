// Every Kinesis operation that this server answers. dispatch.cpp alone includes it, and tests that walk the list.
#pragma once

#include "protocol/kinesis/all_operations.h"

namespace sluice::kinesis {

// By name. An entry without a handler's file is a link error that names `serve` of it.
using Served =
    Operations<AcknowledgeDeadLetterQueueRecords, AcknowledgeQueueRecords, AddTagsToStream, CreateChannel, CreateQueue,
               CreateStream, DecreaseStreamRetentionPeriod, DeleteChannel, DeleteQueue, DeleteResourcePolicy, DeleteStream,
               DeregisterStreamConsumer, DescribeAccountSettings, DescribeChannel, DescribeLimits, DescribeQueue, DescribeStream,
               DescribeStreamConsumer, DescribeStreamSummary, DisableEnhancedMonitoring, EnableEnhancedMonitoring, GetRecords,
               GetResourcePolicy, GetShardIterator, IncreaseStreamRetentionPeriod, ListChannels, ListQueues, ListShards,
               ListStreamConsumers, ListStreams, ListTagsForResource, ListTagsForStream, MergeShards, PutRecord, PutRecords,
               PutResourcePolicy, ReceiveDeadLetterQueueRecords, ReceiveQueueRecords, RegisterStreamConsumer,
               RemoveTagsFromStream, RestoreDeadLetterQueueRecords, SplitShard, StartStreamEncryption, StopStreamEncryption,
               SubscribeToShard, TagResource, UntagResource, UpdateAccountSettings, UpdateChannel,
               UpdateDeadLetterQueueRecordsVisibility, UpdateMaxRecordSize, UpdateQueue, UpdateQueueRecordsVisibility,
               UpdateShardCount, UpdateStreamMode, UpdateStreamRecordDistributionStrategy, UpdateStreamWarmThroughput>;
// Those that have their members in `protocol` and no handler.
using NotServed = Operations<>;

template <class Wanted, class... Operation>
consteval int times(Operations<Operation...>) {
    return (0 + ... + int{std::same_as<Wanted, Operation>});
}
template <class... Operation>
consteval bool each_listed_once(Operations<Operation...>) {
    return ((times<Operation>(Served{}) + times<Operation>(NotServed{}) == 1) && ...);
}
static_assert(each_listed_once(AllOperations{}),
              "list each operation of protocol/kinesis/operations once, in Served if it is answered");

}   // namespace sluice::kinesis
