// The running program without its sockets: one engine and the handlers of both doors on a loop that is turned by hand. A
// request begins when the loop is turned once for it, so that several can be queued before the first is committed.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "emulator/kafka/dispatch.h"
#include "emulator/kafka/session.h"
#include "emulator/kinesis/call.h"
#include "emulator/net/receiving.h"
#include "emulator/net/tcp_peer.h"
#include "emulator/streams/engine.h"
#include "protocol/kinesis/operations/add_tags_to_stream.h"
#include "protocol/kinesis/operations/create_stream.h"
#include "protocol/kinesis/operations/decrease_stream_retention_period.h"
#include "protocol/kinesis/operations/delete_stream.h"
#include "protocol/kinesis/operations/deregister_stream_consumer.h"
#include "protocol/kinesis/operations/get_shard_iterator.h"
#include "protocol/kinesis/operations/increase_stream_retention_period.h"
#include "protocol/kinesis/operations/merge_shards.h"
#include "protocol/kinesis/operations/put_records.h"
#include "protocol/kinesis/operations/register_stream_consumer.h"
#include "protocol/kinesis/operations/remove_tags_from_stream.h"
#include "protocol/kinesis/operations/split_shard.h"
#include "protocol/kinesis/operations/start_stream_encryption.h"
#include "protocol/kinesis/operations/stop_stream_encryption.h"
#include "protocol/kinesis/operations/update_shard_count.h"
#include "protocol/kinesis/operations/update_stream_record_distribution_strategy.h"
#include "tests/sim/store.h"

// The handlers that histories call without a frame around the request.
namespace sluice::kafka {
struct AddOffsetsToTxnRequest;
struct AddOffsetsToTxnResponse;
struct AddPartitionsToTxnRequest;
struct AddPartitionsToTxnResponse;
struct DescribeTransactionsRequest;
struct DescribeTransactionsResponse;
struct EndTxnRequest;
struct EndTxnResponse;
struct ListTransactionsRequest;
struct ListTransactionsResponse;
struct TxnOffsetCommitRequest;
struct TxnOffsetCommitResponse;
struct AlterClientQuotasRequest;
struct AlterClientQuotasResponse;
struct AlterUserScramCredentialsRequest;
struct AlterUserScramCredentialsResponse;
struct ConsumerGroupDescribeRequest;
struct ConsumerGroupDescribeResponse;
struct ConsumerGroupHeartbeatRequest;
struct ConsumerGroupHeartbeatResponse;
struct CreateAclsRequest;
struct CreateAclsResponse;
struct DeleteAclsRequest;
struct DeleteAclsResponse;
struct DescribeAclsRequest;
struct DescribeAclsResponse;
struct DescribeClientQuotasRequest;
struct DescribeClientQuotasResponse;
struct DescribeConfigsRequest;
struct DescribeConfigsResponse;
struct DescribeUserScramCredentialsRequest;
struct DescribeUserScramCredentialsResponse;
struct IncrementalAlterConfigsRequest;
struct IncrementalAlterConfigsResponse;
struct CreatePartitionsRequest;
struct CreatePartitionsResponse;
struct CreateTopicsRequest;
struct CreateTopicsResponse;
struct DeleteTopicsRequest;
struct DeleteTopicsResponse;
struct FetchRequest;
struct FetchResponse;
struct HeartbeatRequest;
struct HeartbeatResponse;
struct InitProducerIdRequest;
struct InitProducerIdResponse;
struct JoinGroupRequest;
struct JoinGroupResponse;
struct ListOffsetsRequest;
struct ListOffsetsResponse;
struct OffsetCommitRequest;
struct OffsetCommitResponse;
struct OffsetFetchRequest;
struct OffsetFetchResponse;
struct ProduceRequest;
struct ProduceResponse;
struct SyncGroupRequest;
struct SyncGroupResponse;
Task<AddOffsetsToTxnResponse> handle(Call&, const AddOffsetsToTxnRequest&);
Task<AddPartitionsToTxnResponse> handle(Call&, const AddPartitionsToTxnRequest&);
Task<DescribeTransactionsResponse> handle(Call&, const DescribeTransactionsRequest&);
Task<EndTxnResponse> handle(Call&, const EndTxnRequest&);
Task<ListTransactionsResponse> handle(Call&, const ListTransactionsRequest&);
Task<TxnOffsetCommitResponse> handle(Call&, const TxnOffsetCommitRequest&);
Task<AlterClientQuotasResponse> handle(Call&, const AlterClientQuotasRequest&);
Task<AlterUserScramCredentialsResponse> handle(Call&, const AlterUserScramCredentialsRequest&);
Task<ConsumerGroupDescribeResponse> handle(Call&, const ConsumerGroupDescribeRequest&);
Task<ConsumerGroupHeartbeatResponse> handle(Call&, const ConsumerGroupHeartbeatRequest&);
Task<CreateAclsResponse> handle(Call&, const CreateAclsRequest&);
Task<DeleteAclsResponse> handle(Call&, const DeleteAclsRequest&);
Task<DescribeAclsResponse> handle(Call&, const DescribeAclsRequest&);
Task<DescribeClientQuotasResponse> handle(Call&, const DescribeClientQuotasRequest&);
Task<DescribeConfigsResponse> handle(Call&, const DescribeConfigsRequest&);
Task<DescribeUserScramCredentialsResponse> handle(Call&, const DescribeUserScramCredentialsRequest&);
Task<IncrementalAlterConfigsResponse> handle(Call&, const IncrementalAlterConfigsRequest&);
Task<CreatePartitionsResponse> handle(Call&, const CreatePartitionsRequest&);
Task<CreateTopicsResponse> handle(Call&, const CreateTopicsRequest&);
Task<DeleteTopicsResponse> handle(Call&, const DeleteTopicsRequest&);
Task<FetchResponse> handle(Call&, const FetchRequest&);
Task<HeartbeatResponse> handle(Call&, const HeartbeatRequest&);
Task<InitProducerIdResponse> handle(Call&, const InitProducerIdRequest&);
Task<JoinGroupResponse> handle(Call&, const JoinGroupRequest&);
Task<ListOffsetsResponse> handle(Call&, const ListOffsetsRequest&);
Task<OffsetCommitResponse> handle(Call&, const OffsetCommitRequest&);
Task<OffsetFetchResponse> handle(Call&, const OffsetFetchRequest&);
Task<ProduceResponse> handle(Call&, const ProduceRequest&);
Task<SyncGroupResponse> handle(Call&, const SyncGroupRequest&);
}   // namespace sluice::kafka
namespace sluice::kinesis {
struct GetRecords;
Task<Reply<AddTagsToStream>> handle(Call&, const AddTagsToStream&);
Task<Reply<CreateStream>> handle(Call&, const CreateStream&);
Task<Reply<DecreaseStreamRetentionPeriod>> handle(Call&, const DecreaseStreamRetentionPeriod&);
Task<Reply<DeleteStream>> handle(Call&, const DeleteStream&);
Task<Reply<DeregisterStreamConsumer>> handle(Call&, const DeregisterStreamConsumer&);
Task<Reply<GetShardIterator>> handle(Call&, const GetShardIterator&);
Task<Reply<IncreaseStreamRetentionPeriod>> handle(Call&, const IncreaseStreamRetentionPeriod&);
Task<Reply<MergeShards>> handle(Call&, const MergeShards&);
Task<Reply<PutRecords>> handle(Call&, const PutRecords&);
Task<Reply<RegisterStreamConsumer>> handle(Call&, const RegisterStreamConsumer&);
Task<Reply<RemoveTagsFromStream>> handle(Call&, const RemoveTagsFromStream&);
Task<Reply<SplitShard>> handle(Call&, const SplitShard&);
Task<Reply<StartStreamEncryption>> handle(Call&, const StartStreamEncryption&);
Task<Reply<StopStreamEncryption>> handle(Call&, const StopStreamEncryption&);
Task<Reply<UpdateShardCount>> handle(Call&, const UpdateShardCount&);
Task<Reply<UpdateStreamRecordDistributionStrategy>> handle(Call&, const UpdateStreamRecordDistributionStrategy&);
}   // namespace sluice::kinesis

namespace sluice::sim {

class Machine {
  public:
    Machine(SimStore& store, const RealTime& time, Random& chance, bool writer_thread)
        : io(std::make_unique<asio::io_context>()), threaded(writer_thread) {
        streams::EngineOptions with;
        with.commit_on_thread = writer_thread;
        engine = std::make_unique<streams::Engine>(io->get_executor(), store, time, chance, with);
        broker = std::make_shared<kafka::Broker>(
            *engine,
            kafka::DoorOptions{.configs = {{"offsets.retention.minutes", "2147483647"},   // histories move the clock by years
                                           {"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
                                           {"allow.everyone.if.no.acl.found", "true"},
                                           {"super.users", "User:ANONYMOUS"}}});
        receiving.emplace(clock(), "Kafka", [](std::string_view) {});
    }
    // Commits what it can, wakes whoever waits, and is gone.
    ~Machine() {
        engine->flush();
        for (const auto& weak : sessions)
            if (const auto session = weak.lock()) session->close();
        turn();
        broker.reset();
        receiving->stop();
        engine.reset();
    }
    Clock& clock() { return *engine->default_world().clock; }

    // `told` sees the answer in the turn in which the door would write it down.
    template <class Operation>
    void ask(Operation request, std::function<void(kinesis::Reply<Operation>&)> told) {
        auto asked = std::make_shared<Asked<Operation, kinesis::Reply<Operation>>>(std::move(request), std::move(told));
        auto task = serve_kinesis(*this, std::move(asked));
        spawn(std::move(task));
    }
    template <class Response, class Request>
    void ask(Request request, int version, std::function<void(Response&)> told) {
        auto asked = std::make_shared<Asked<Request, Response>>(std::move(request), std::move(told));
        auto nobody = std::make_shared<TcpPeer>(TcpPeer::Socket{*io});   // never connected: answers are told before they leave
        auto session =
            std::make_shared<kafka::Session>(broker, *receiving, engine->default_world(), std::move(nobody), std::nullopt);
        sessions.push_back(session);
        auto task = serve_kafka<Request, Response>(*this, std::move(session), version, std::move(asked));
        spawn(std::move(task));
    }
    // GetRecords writes its answer as it reads, so it is asked as a client asks: what came back is the status and the JSON text.
    void get_records(std::string body, std::function<void(int status, std::string text)> told) {
        auto asked = std::make_shared<Asked<std::string, kinesis::Answer>>(
            std::move(body), [told = std::move(told)](kinesis::Answer& answer) {
                told(static_cast<int>(answer.status), answer.front + answer.body);
            });
        auto task = serve_get_records(*this, std::move(asked));
        spawn(std::move(task));
    }
    // Begins all that was asked since; nothing is committed yet.
    void begin() {
        io->restart();
        while (begun < spawned && io->poll_one() > 0) {
        }
    }
    // Until nothing moves.
    void turn() {
        io->restart();
        io->poll();
        std::erase_if(sessions, [](const auto& weak) { return weak.expired(); });
    }
    void settle() {
        turn();
        if (!threaded) return;
        engine->flush();
        turn();
    }

    std::optional<Receiving> receiving;   // outlives the sessions that the loop still holds
    std::unique_ptr<asio::io_context> io;
    std::unique_ptr<streams::Engine> engine;
    std::shared_ptr<kafka::Broker> broker;

  private:
    template <class Request, class Answer>
    struct Asked {
        Request request;
        std::function<void(Answer&)> told;
    };
    template <class Operation>
    static Task<void> serve_kinesis(Machine& machine, std::shared_ptr<Asked<Operation, kinesis::Reply<Operation>>> asked) {
        ++machine.begun;
        kinesis::Call call{*machine.engine, machine.engine->default_world(), machine.options,
                           machine.caller,  kinesis::Encoding::json,         machine.push};
        auto reply = co_await handle(call, asked->request);
        asked->told(reply);
    }
    static Task<void> serve_get_records(Machine& machine, std::shared_ptr<Asked<std::string, kinesis::Answer>> asked) {
        ++machine.begun;
        kinesis::Serving serving{*machine.engine, machine.engine->default_world(), machine.options,
                                 asked->request,  kinesis::Encoding::json,         machine.caller,
                                 machine.push};
        auto answer = co_await kinesis::serve<kinesis::GetRecords>(std::move(serving));
        asked->told(answer);
    }
    template <class Request, class Response>
    static Task<void> serve_kafka(Machine& machine, std::shared_ptr<kafka::Session> session, int version,
                                  std::shared_ptr<Asked<Request, Response>> asked) {
        ++machine.begun;
        kafka::Call call{.connection = session,
                         .broker = *machine.broker,
                         .engine = *machine.engine,
                         .world = machine.engine->default_world(),
                         .frame = {},
                         .header = {},
                         .version = version,
                         .serving = {},
                         .answer = {}};
        call.header.api_key = Request::api.key;   // by which an authorizer knows what it is asked for
        auto response = co_await kafka::handle(call, asked->request);
        asked->told(response);
    }
    void spawn(Task<void> task) {
        ++spawned;
        asio::co_spawn(*io, std::move(task), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
    }

    const bool threaded;   // a writer thread commits, and a flush waits for it
    kinesis::DoorOptions options;
    kinesis::Caller caller;
    kinesis::Push push;   // nothing asks for one here
    std::vector<std::weak_ptr<kafka::Session>> sessions;
    std::uint64_t spawned = 0, begun = 0;
};

}   // namespace sluice::sim
