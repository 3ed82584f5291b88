// Every API that is served beside a store that fails: after a refused answer nothing has changed, after an accepted one it is
// stored, and memory is what a start on the store makes of it. An API without an example fails the first test.
#include <doctest/doctest.h>

#include "emulator/kafka/dispatch.h"
#include "protocol/kafka/all_messages.h"
#include "storage/failing.h"
#include "tests/storage/places.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

std::unique_ptr<storage::Store> open_store(const storage::TempFolder& folder) {
    const char* where = std::getenv("SLUICE_TEST_STORE");
    return where && std::string_view{where} == "disk"
               ? storage::open_lmdb({.folder = folder.path, .map_bytes = std::uint64_t{1} << 30})
               : storage::open_memory();
}

constexpr std::string_view assignment = "assigned";

// A topic "t" with a record, an empty group "empty" with an offset, and a group "live" whose leader waits to be synced or is.
struct Scene {
    explicit Scene(bool full = false) {
        server.shut();
        auto failing = std::make_unique<storage::FailingStore>(full ? storage::open_memory(100'000) : open_store(folder));
        store = failing.get();
        server.store = std::move(failing);
        server.open();
        server.clock().freeze();
        server.create("t", 2);
        client = std::make_unique<Client>(server);
        REQUIRE(produce(*client, "t", 0, batch_of({"kept"})).error_code == ErrorCode::none);
        REQUIRE(commit("empty", 3) == ErrorCode::none);
        client->ask<DescribeClusterResponse>(DescribeClusterRequest{}, 1);   // the first who asks makes the cluster's id
    }
    ErrorCode commit(std::string_view group, std::int64_t offset) {
        const OffsetCommitRequest::Partition p{
            .partition_index = 0, .committed_offset = offset, .committed_leader_epoch = -1, .committed_metadata = "m"};
        const OffsetCommitRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
        OffsetCommitRequest request;
        request.group_id = group;
        request.topics = {&t, 1};
        return client->ask<OffsetCommitResponse>(request, 8)->topics[0].partitions[0].error_code;
    }
    Received<JoinGroupResponse> join() {
        const JoinGroupRequest::Protocol p{.name = "range", .metadata = as_bytes("any")};
        client->send(JoinGroupRequest{.group_id = "live",
                                      .session_timeout_ms = 30'000,
                                      .rebalance_timeout_ms = 60'000,
                                      .member_id = {},
                                      .group_instance_id = {},
                                      .protocol_type = "consumer",
                                      .protocols = {&p, 1},
                                      .reason = {}},
                     3);
        server.turn();
        server.pass(std::chrono::seconds{3});   // group.initial.rebalance.delay.ms
        auto joined = client->receive<JoinGroupResponse>(3);
        REQUIRE(joined);
        return *joined;
    }
    ErrorCode sync(const JoinGroupResponse& joined) {
        const SyncGroupRequest::Assignment one{.member_id = joined.member_id, .assignment = as_bytes(assignment)};
        return client
            ->ask<SyncGroupResponse>(SyncGroupRequest{.group_id = "live",
                                                      .generation_id = joined.generation_id,
                                                      .member_id = joined.member_id,
                                                      .group_instance_id = {},
                                                      .protocol_type = {},
                                                      .protocol_name = {},
                                                      .assignments = {&one, 1}},
                                     3)
            ->error_code;
    }
    void joined_and_synced() {
        member = join();
        REQUIRE(sync(*member->body) == ErrorCode::none);
    }
    void fill() {
        int fillers = 0;
        const auto stored = [&](std::size_t bytes) {
            const auto ticket = server.engine->put(server.world(), "filler" + std::to_string(fillers), std::string(bytes, 'x'));
            server.engine->flush();
            return ticket.outcome().has_value();
        };
        for (const std::size_t bytes : {10'000, 1'000, 100, 1})
            while (stored(bytes)) ++fillers;
        server.turn();
    }
    // What a start on the store would make of it, without asking this engine to store anything.
    std::string stored() {
        streams::Engine fresh{server.io.get_executor(), *store, server.time, server.random, streams::EngineOptions{}};
        return fresh.dump();
    }
    storage::TempFolder folder;
    storage::FailingStore* store = nullptr;
    Server server;
    std::unique_ptr<Client> client;
    std::optional<Received<JoinGroupResponse>> member;
};

// How an API is called, with what has to be there before, and whether it changes anything; true when it was accepted.
template <class Request>
struct Example;
struct Reads {
    static constexpr bool writes = false;
    static void before(Scene&) {}
};
struct Writes {
    static constexpr bool writes = true;
    static void before(Scene&) {}
};

template <>
struct Example<ProduceRequest> : Writes {
    static bool ask(Scene& s) { return produce(*s.client, "t", 1, batch_of({"more"})).error_code == ErrorCode::none; }
};
template <>
struct Example<FetchRequest> : Reads {
    static bool ask(Scene& s) {
        const Fetching fetch{"t", 0};
        s.client->ask<FetchResponse>(fetch.request, 11);
        return true;
    }
};
template <>
struct Example<ListOffsetsRequest> : Reads {
    static bool ask(Scene& s) {
        const ListOffsetsRequest::Partition p{.partition_index = 0, .current_leader_epoch = -1, .timestamp = -1};
        const ListOffsetsRequest::Topic t{.name = "t", .partitions = {&p, 1}};
        ListOffsetsRequest request;
        request.topics = {&t, 1};
        s.client->ask<ListOffsetsResponse>(request, 5);
        return true;
    }
};
template <>
struct Example<MetadataRequest> : Writes {   // makes a topic that is missing
    static bool ask(Scene& s) {
        const MetadataRequest::Topic t{.topic_id = {}, .name = "made"};
        MetadataRequest request;
        request.topics = Array<MetadataRequest::Topic>{&t, 1};
        const auto code = s.client->ask<MetadataResponse>(request, 12)->topics.at(0).error_code;
        return code == ErrorCode::none || code == ErrorCode::leader_not_available;
    }
};
template <>
struct Example<OffsetCommitRequest> : Writes {
    static bool ask(Scene& s) { return s.commit("empty", 4) == ErrorCode::none; }
};
template <>
struct Example<OffsetFetchRequest> : Reads {
    static bool ask(Scene& s) {
        OffsetFetchRequest request;
        request.group_id = "empty";
        s.client->ask<OffsetFetchResponse>(request, 5);
        return true;
    }
};
template <>
struct Example<FindCoordinatorRequest> : Reads {   // but for the first, which makes a topic
    static void before(Scene& s) { ask(s); }
    static bool ask(Scene& s) {
        FindCoordinatorRequest request;
        request.key = "empty";
        s.client->ask<FindCoordinatorResponse>(request, 3);
        return true;
    }
};
template <>
struct Example<JoinGroupRequest> : Reads {   // a group is stored when its members have their assignment
    static bool ask(Scene& s) { return s.join()->error_code == ErrorCode::none; }
};
template <>
struct Example<HeartbeatRequest> : Reads {
    static void before(Scene& s) { s.joined_and_synced(); }
    static bool ask(Scene& s) {
        HeartbeatRequest request;
        request.group_id = "live";
        request.generation_id = (*s.member)->generation_id;
        request.member_id = (*s.member)->member_id;
        return s.client->ask<HeartbeatResponse>(request, 3)->error_code == ErrorCode::none;
    }
};
template <>
struct Example<LeaveGroupRequest> : Writes {
    static void before(Scene& s) { s.joined_and_synced(); }
    static bool ask(Scene& s) {
        const LeaveGroupRequest leave{.group_id = "live", .member_id = (*s.member)->member_id, .members = {}};
        return s.client->ask<LeaveGroupResponse>(leave, 1)->error_code == ErrorCode::none;
    }
};
template <>
struct Example<SyncGroupRequest> : Writes {
    static void before(Scene& s) { s.member = s.join(); }
    static bool ask(Scene& s) { return s.sync(*s.member->body) == ErrorCode::none; }
};
template <>
struct Example<DescribeGroupsRequest> : Reads {
    static bool ask(Scene& s) {
        const std::string_view name = "empty";
        DescribeGroupsRequest request;
        request.groups = {&name, 1};
        s.client->ask<DescribeGroupsResponse>(request, 4);
        return true;
    }
};
template <>
struct Example<ListGroupsRequest> : Reads {
    static bool ask(Scene& s) {
        s.client->ask<ListGroupsResponse>(ListGroupsRequest{}, 4);
        return true;
    }
};
template <>
struct Example<ApiVersionsRequest> : Reads {
    static bool ask(Scene& s) {
        s.client->ask<ApiVersionsResponse>(ApiVersionsRequest{}, 0);
        return true;
    }
};
template <>
struct Example<CreateTopicsRequest> : Writes {
    static bool ask(Scene& s) {
        const CreateTopicsRequest::Topic t{
            .name = "made", .num_partitions = 3, .replication_factor = -1, .assignments = {}, .configs = {}};
        return s.client
                   ->ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&t, 1}, .timeout_ms = 1000, .validate_only = false},
                                               7)
                   ->topics.at(0)
                   .error_code == ErrorCode::none;
    }
};
template <>
struct Example<DeleteTopicsRequest> : Writes {
    static bool ask(Scene& s) {
        const std::string_view name = "t";
        DeleteTopicsRequest request;
        request.topic_names = {&name, 1};
        return s.client->ask<DeleteTopicsResponse>(request, 4)->topics.at(0).error_code == ErrorCode::none;
    }
};
template <>
struct Example<InitProducerIdRequest> : Reads {   // its block of ids is a number of the world that no dump shows
    static bool ask(Scene& s) {
        s.client->ask<InitProducerIdResponse>(InitProducerIdRequest{.transactional_id = std::nullopt}, 4);
        return true;
    }
};
template <>
struct Example<DescribeConfigsRequest> : Reads {
    static bool ask(Scene& s) {
        s.client->ask<DescribeConfigsResponse>(DescribeConfigsRequest{}, 4);
        return true;
    }
};
template <>
struct Example<CreatePartitionsRequest> : Writes {
    static bool ask(Scene& s) {
        const CreatePartitionsRequest::Topic t{.name = "t", .count = 5, .assignments = std::nullopt};
        return s.client
                   ->ask<CreatePartitionsResponse>(
                       CreatePartitionsRequest{.topics = {&t, 1}, .timeout_ms = 1000, .validate_only = false}, 3)
                   ->results.at(0)
                   .error_code == ErrorCode::none;
    }
};
template <>
struct Example<DeleteGroupsRequest> : Writes {
    static bool ask(Scene& s) {
        const std::string_view name = "empty";
        return s.client->ask<DeleteGroupsResponse>(DeleteGroupsRequest{.groups_names = {&name, 1}}, 2)
                   ->results.at(0)
                   .error_code == ErrorCode::none;
    }
};
template <>
struct Example<DescribeClusterRequest> : Reads {
    static bool ask(Scene& s) {
        s.client->ask<DescribeClusterResponse>(DescribeClusterRequest{}, 1);
        return true;
    }
};

// Of APIs that change nothing, whatever they are asked.
template <class Request, class Response, int version>
struct Asks : Reads {
    static bool ask(Scene& s) {
        s.client->ask<Response>(Request{}, version);
        return true;
    }
};
template <>
struct Example<OffsetForLeaderEpochRequest> : Asks<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, 4> {};
template <>
struct Example<AlterReplicaLogDirsRequest> : Asks<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, 2> {};
template <>
struct Example<DescribeLogDirsRequest> : Asks<DescribeLogDirsRequest, DescribeLogDirsResponse, 5> {};
template <>
struct Example<ElectLeadersRequest> : Asks<ElectLeadersRequest, ElectLeadersResponse, 2> {};
template <>
struct Example<AlterPartitionReassignmentsRequest>
    : Asks<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, 1> {};
template <>
struct Example<ListPartitionReassignmentsRequest>
    : Asks<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, 0> {};
template <>
struct Example<DescribeQuorumRequest> : Asks<DescribeQuorumRequest, DescribeQuorumResponse, 2> {};
template <>
struct Example<UnregisterBrokerRequest> : Asks<UnregisterBrokerRequest, UnregisterBrokerResponse, 0> {};
template <>
struct Example<GetTelemetrySubscriptionsRequest> : Asks<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse, 0> {
};
template <>
struct Example<PushTelemetryRequest> : Asks<PushTelemetryRequest, PushTelemetryResponse, 0> {};
template <>
struct Example<DescribeTopicPartitionsRequest> : Asks<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, 0> {};
template <>
struct Example<AddRaftVoterRequest> : Asks<AddRaftVoterRequest, AddRaftVoterResponse, 1> {};
template <>
struct Example<RemoveRaftVoterRequest> : Asks<RemoveRaftVoterRequest, RemoveRaftVoterResponse, 0> {};
template <>
struct Example<UnregisterControllerRequest> : Asks<UnregisterControllerRequest, UnregisterControllerResponse, 0> {};
template <>
struct Example<UpdateFeaturesRequest> : Writes {
    static bool ask(Scene& s) {
        const UpdateFeaturesRequest::Update one{
            .feature = "eligible.leader.replicas.version", .max_version_level = 0, .upgrade_type = 2};
        UpdateFeaturesRequest request;
        request.feature_updates = {&one, 1};
        return s.client->ask<UpdateFeaturesResponse>(request, 2)->error_code == ErrorCode::none;
    }
};

template <>
struct Example<ListConfigResourcesRequest> : Asks<ListConfigResourcesRequest, ListConfigResourcesResponse, 1> {};
template <>
struct Example<DeleteRecordsRequest> : Writes {
    static bool ask(Scene& s) {
        const DeleteRecordsRequest::Partition p{.partition_index = 0, .offset = -1};
        const DeleteRecordsRequest::Topic t{.name = "t", .partitions = {&p, 1}};
        DeleteRecordsRequest request;
        request.topics = {&t, 1};
        return s.client->ask<DeleteRecordsResponse>(request, 2)->topics.at(0).partitions.at(0).error_code == ErrorCode::none;
    }
};
template <>
struct Example<AlterConfigsRequest> : Writes {   // a topic's, which are with its stream
    static bool ask(Scene& s) {
        const AlterConfigsRequest::Config c{.name = "retention.ms", .value = "7200000"};
        const AlterConfigsRequest::Resource r{.resource_type = 2, .resource_name = "t", .configs = {&c, 1}};
        return s.client->ask<AlterConfigsResponse>(AlterConfigsRequest{.resources = {&r, 1}}, 2)->resources.at(0).error_code ==
               ErrorCode::none;
    }
};
template <>
struct Example<IncrementalAlterConfigsRequest> : Writes {   // the broker's, which are kept values
    static bool ask(Scene& s) {
        const IncrementalAlterConfigsRequest::Config c{.name = "message.max.bytes", .config_operation = 0, .value = "5000"};
        const IncrementalAlterConfigsRequest::Resource r{.resource_type = 4, .resource_name = "1", .configs = {&c, 1}};
        return s.client->ask<IncrementalAlterConfigsResponse>(IncrementalAlterConfigsRequest{.resources = {&r, 1}}, 1)
                   ->resources.at(0)
                   .error_code == ErrorCode::none;
    }
};
template <>
struct Example<OffsetDeleteRequest> : Writes {
    static bool ask(Scene& s) {
        const OffsetDeleteRequest::Partition p{.partition_index = 0};
        const OffsetDeleteRequest::Topic t{.name = "t", .partitions = {&p, 1}};
        const auto answer = s.client->ask<OffsetDeleteResponse>(OffsetDeleteRequest{.group_id = "empty", .topics = {&t, 1}}, 0);
        return answer->topics.at(0).partitions.at(0).error_code == ErrorCode::none;
    }
};

template <class... Request>
struct Apis {};
// clang-format off
using Served = Apis<
    ProduceRequest,
    FetchRequest,
    ListOffsetsRequest,
    MetadataRequest,
    OffsetCommitRequest,
    OffsetFetchRequest,
    FindCoordinatorRequest,
    JoinGroupRequest,
    HeartbeatRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
    DescribeGroupsRequest,
    ListGroupsRequest,
    ApiVersionsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DeleteRecordsRequest,
    InitProducerIdRequest,
    OffsetForLeaderEpochRequest,
    DescribeConfigsRequest,
    AlterConfigsRequest,
    AlterReplicaLogDirsRequest,
    DescribeLogDirsRequest,
    CreatePartitionsRequest,
    DeleteGroupsRequest,
    ElectLeadersRequest,
    IncrementalAlterConfigsRequest,
    AlterPartitionReassignmentsRequest,
    ListPartitionReassignmentsRequest,
    OffsetDeleteRequest,
    DescribeQuorumRequest,
    UpdateFeaturesRequest,
    DescribeClusterRequest,
    UnregisterBrokerRequest,
    GetTelemetrySubscriptionsRequest,
    PushTelemetryRequest,
    ListConfigResourcesRequest,
    DescribeTopicPartitionsRequest,
    AddRaftVoterRequest,
    RemoveRaftVoterRequest,
    UnregisterControllerRequest>;
// clang-format on

struct Failing {
    std::uint64_t nth;
    storage::Error error;
    std::uint64_t times;
};

template <class Request>
void check(const Failing& failing, bool full) {
    INFO(Request::api.name << ", commit " << failing.nth << " and so many in all: " << failing.times);
    Scene s{full};
    Example<Request>::before(s);
    if (full) s.fill();
    const auto before = s.server.engine->dump();
    s.store->fail(failing.nth, failing.error, failing.times);
    const bool taken = Example<Request>::ask(s);
    s.store->fail(0);
    if (failing.nth == 0 && (!full || !Example<Request>::writes)) CHECK(taken);
    if (full && (Request::api.name == "DeleteTopics" || Request::api.name == "DeleteGroups")) CHECK(taken);
    const auto stored = s.stored();
    const auto memory = s.server.engine->dump();
    CHECK(memory == stored);
    if (Example<Request>::writes && taken) CHECK(memory != before);
    if (!Example<Request>::writes || !taken) CHECK(memory == before);
}

template <class... Request>
void check_all(Apis<Request...>, const Failing& failing, bool full = false) {
    (check<Request>(failing, full), ...);
}
template <class... Request>
std::vector<std::string_view> names(Apis<Request...>) {
    return {Request::api.name...};
}

}   // namespace

TEST_CASE(
    "whichever commit of an API's call fails, memory, store and answer agree: nothing has changed, or all of it is stored") {
    check_all(Served{}, {0, storage::Error::io, 0});
    for (const auto error : {storage::Error::io, storage::Error::no_space})
        for (std::uint64_t nth = 1; nth <= 2; ++nth)
            for (const std::uint64_t times : {1, 2, 100}) check_all(Served{}, {nth, error, times});
}

TEST_CASE("in a full store each API's call is refused and changes nothing or is stored, and topics and groups can be deleted") {
    check_all(Served{}, {0, storage::Error::io, 0}, true);
}
