// Every Kinesis operation this server answers: one overload, one entry in `Served`, one file. The linker complains about a
// forgotten file; `serve.h` turns a body into a call of the overload and the result into a body.
#pragma once

#include <expected>
#include <list>
#include <string>

#include "emulator/kinesis/door.h"
#include "emulator/kinesis/scope.h"
#include "emulator/runtime/loop.h"
#include "emulator/streams/engine.h"
#include "protocol/kinesis/operations/create_stream.h"
#include "protocol/kinesis/operations/decrease_stream_retention_period.h"
#include "protocol/kinesis/operations/delete_stream.h"
#include "protocol/kinesis/operations/describe_stream.h"
#include "protocol/kinesis/operations/describe_stream_summary.h"
#include "protocol/kinesis/operations/get_records.h"
#include "protocol/kinesis/operations/get_shard_iterator.h"
#include "protocol/kinesis/operations/increase_stream_retention_period.h"
#include "protocol/kinesis/operations/list_shards.h"
#include "protocol/kinesis/operations/list_streams.h"
#include "protocol/kinesis/operations/merge_shards.h"
#include "protocol/kinesis/operations/put_record.h"
#include "protocol/kinesis/operations/put_records.h"
#include "protocol/kinesis/operations/split_shard.h"
#include "protocol/kinesis/request.h"

namespace sluice::kinesis {

// What a handler works with: one call of one client.
struct Call {
    streams::Engine& engine;
    streams::World& world;
    const DoorOptions& options;
    const Caller& caller;
    Names names{engine.options(), options, caller};
    std::list<std::string> kept = {};   // texts that views in the result point to
    const std::string& account() const { return names.scope().account; }
    std::string_view name(const streams::Stream& stream) const { return names.name(stream.name); }
};

template <class Operation>
using Reply = std::expected<typename Operation::Result, Error>;

// Views in a result live until the caller suspends; they are encoded at once.
Task<Reply<CreateStream>> handle(Call&, const CreateStream&);
Task<Reply<DecreaseStreamRetentionPeriod>> handle(Call&, const DecreaseStreamRetentionPeriod&);
Task<Reply<DeleteStream>> handle(Call&, const DeleteStream&);
Task<Reply<DescribeStream>> handle(Call&, const DescribeStream&);
Task<Reply<DescribeStreamSummary>> handle(Call&, const DescribeStreamSummary&);
Task<Reply<GetShardIterator>> handle(Call&, const GetShardIterator&);
Task<Reply<IncreaseStreamRetentionPeriod>> handle(Call&, const IncreaseStreamRetentionPeriod&);
Task<Reply<ListShards>> handle(Call&, const ListShards&);
Task<Reply<ListStreams>> handle(Call&, const ListStreams&);
Task<Reply<MergeShards>> handle(Call&, const MergeShards&);
Task<Reply<PutRecord>> handle(Call&, const PutRecord&);
Task<Reply<PutRecords>> handle(Call&, const PutRecords&);
Task<Reply<SplitShard>> handle(Call&, const SplitShard&);

template <class... Operation>
struct Operations {};
using Served = Operations<CreateStream, DecreaseStreamRetentionPeriod, DeleteStream, DescribeStream, DescribeStreamSummary,
                          GetRecords, GetShardIterator, IncreaseStreamRetentionPeriod, ListShards, ListStreams, MergeShards,
                          PutRecord, PutRecords, SplitShard>;

// The state a reply is built from; the body stays until the answer is written.
struct Serving {
    std::string_view body;
    Encoding encoding;
    const std::expected<Caller, Error>& caller;
};
template <class Operation>
Task<Answer> serve(streams::Engine&, const DoorOptions&, Serving);
template <>
Task<Answer> serve<GetRecords>(streams::Engine&, const DoorOptions&, Serving);   // in slices

}   // namespace sluice::kinesis
