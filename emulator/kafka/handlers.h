// Every Kafka API this server answers: one overload, one entry in `Served` with the versions that are told to clients, one
// file. The schema's versions (protocol/kafka/messages) and the served ones are two facts.
#pragma once

#include "emulator/kafka/session.h"
#include "protocol/kafka/messages/alter_configs.h"
#include "protocol/kafka/messages/api_versions.h"
#include "protocol/kafka/messages/create_partitions.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/delete_groups.h"
#include "protocol/kafka/messages/delete_topics.h"
#include "protocol/kafka/messages/describe_cluster.h"
#include "protocol/kafka/messages/describe_configs.h"
#include "protocol/kafka/messages/describe_groups.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/find_coordinator.h"
#include "protocol/kafka/messages/heartbeat.h"
#include "protocol/kafka/messages/init_producer_id.h"
#include "protocol/kafka/messages/join_group.h"
#include "protocol/kafka/messages/leave_group.h"
#include "protocol/kafka/messages/list_groups.h"
#include "protocol/kafka/messages/list_offsets.h"
#include "protocol/kafka/messages/metadata.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/kafka/messages/offset_fetch.h"
#include "protocol/kafka/messages/produce.h"
#include "protocol/kafka/messages/sync_group.h"

namespace sluice::kafka {

// Records in an answer are views: it is encoded and sent before the loop turns.
Task<ProduceResponse> handle(Call&, const ProduceRequest&);                     // 00_produce.cpp
Task<FetchResponse> handle(Call&, const FetchRequest&);                         // 01_fetch.cpp
Task<ListOffsetsResponse> handle(Call&, const ListOffsetsRequest&);             // 02_list_offsets.cpp
Task<MetadataResponse> handle(Call&, const MetadataRequest&);                   // 03_metadata.cpp
Task<OffsetCommitResponse> handle(Call&, const OffsetCommitRequest&);           // 08_offset_commit.cpp
Task<OffsetFetchResponse> handle(Call&, const OffsetFetchRequest&);             // 09_offset_fetch.cpp
Task<FindCoordinatorResponse> handle(Call&, const FindCoordinatorRequest&);     // 10_find_coordinator.cpp
Task<JoinGroupResponse> handle(Call&, const JoinGroupRequest&);                 // 11_join_group.cpp
Task<HeartbeatResponse> handle(Call&, const HeartbeatRequest&);                 // 12_heartbeat.cpp
Task<LeaveGroupResponse> handle(Call&, const LeaveGroupRequest&);               // 13_leave_group.cpp
Task<SyncGroupResponse> handle(Call&, const SyncGroupRequest&);                 // 14_sync_group.cpp
Task<DescribeGroupsResponse> handle(Call&, const DescribeGroupsRequest&);       // 15_describe_groups.cpp
Task<ListGroupsResponse> handle(Call&, const ListGroupsRequest&);               // 16_list_groups.cpp
Task<ApiVersionsResponse> handle(Call&, const ApiVersionsRequest&);             // 18_api_versions.cpp
Task<CreateTopicsResponse> handle(Call&, const CreateTopicsRequest&);           // 19_create_topics.cpp
Task<DeleteTopicsResponse> handle(Call&, const DeleteTopicsRequest&);           // 20_delete_topics.cpp
Task<InitProducerIdResponse> handle(Call&, const InitProducerIdRequest&);       // 22_init_producer_id.cpp
Task<DescribeConfigsResponse> handle(Call&, const DescribeConfigsRequest&);     // 32_describe_configs.cpp
Task<CreatePartitionsResponse> handle(Call&, const CreatePartitionsRequest&);   // 37_create_partitions.cpp
Task<DeleteGroupsResponse> handle(Call&, const DeleteGroupsRequest&);           // 42_delete_groups.cpp
Task<DescribeClusterResponse> handle(Call&, const DescribeClusterRequest&);     // 60_describe_cluster.cpp

// When a call may begin. The calls of one connection begin in the order in which they came, whatever they are.
enum class Order : std::uint8_t {
    in_turn,    // when every earlier one is answered, as in Kafka: so it reads what they wrote, and none of them what it writes
    in_a_row,   // also while earlier ones `in_a_row` wait for their commit: it queues writes and reads nothing that they write
};
template <class Request, std::int16_t Min, std::int16_t Max, Order Begins = Order::in_turn>
struct Serves {
    using Type = Request;
    static constexpr std::int16_t min = Min, max = Max;
    static constexpr Order order = Begins;
};
template <class... S>
struct Apis {};
// The versions are those of a stock 4.4.0 broker; Produce 0-2 are told because old librdkafka needs to see them, and refused.
using Served =
    Apis<Serves<ProduceRequest, 0, 13, Order::in_a_row>, Serves<FetchRequest, 4, 18>, Serves<ListOffsetsRequest, 1, 11>,
         Serves<MetadataRequest, 0, 13>, Serves<OffsetCommitRequest, 2, 10, Order::in_a_row>, Serves<OffsetFetchRequest, 1, 10>,
         Serves<FindCoordinatorRequest, 0, 6>, Serves<JoinGroupRequest, 0, 9>, Serves<HeartbeatRequest, 0, 4>,
         Serves<LeaveGroupRequest, 0, 5>, Serves<SyncGroupRequest, 0, 5>, Serves<DescribeGroupsRequest, 0, 6>,
         Serves<ListGroupsRequest, 0, 5>, Serves<ApiVersionsRequest, 0, 5>, Serves<CreateTopicsRequest, 2, 7>,
         Serves<DeleteTopicsRequest, 1, 6>, Serves<InitProducerIdRequest, 0, 5>, Serves<DescribeConfigsRequest, 1, 4>,
         Serves<CreatePartitionsRequest, 0, 3>, Serves<DeleteGroupsRequest, 0, 3>, Serves<DescribeClusterRequest, 0, 2>>;

struct Route {
    Api api;
    std::int16_t min = 0, max = -1;   // told to clients
    Task<void> (*serve)(std::shared_ptr<Call>) = nullptr;
    Order order = Order::in_turn;
};
// By ascending key; nothing for an API that is not served.
const Route* find_route(std::int16_t key);
std::span<const Route> all_routes();

// Decode, handle, encode: defined in serve.h, instantiated by the last line of each handler's file.
template <class Request>
Task<void> serve(std::shared_ptr<Call>);

// ---- words both sides of the door need ----
inline Uuid to_wire_id(const streams::Uuid& id) {
    Uuid out;
    std::memcpy(out.bytes.data(), id.data(), 16);
    return out;
}
inline streams::Uuid to_topic_id(const Uuid& id) {
    streams::Uuid out;
    std::memcpy(out.data(), id.bytes.data(), 16);
    return out;
}
// A topic as clients may use it: nothing when it does not exist or is being deleted.
std::shared_ptr<streams::Stream> topic(Call&, std::string_view name);
std::shared_ptr<streams::Stream> topic(Call&, const Uuid& id);
// Kafka keeps its own books in topics of these names. Nobody makes them as ordinary topics here: a folder that held one would
// collide with what keeps those books one day.
bool internal_name(std::string_view name);
// As Java counts a text: UTF-16 units.
std::size_t characters(std::string_view utf8);
// Kafka's sentence about a name that no topic may have.
std::optional<std::string> name_fault(std::string_view name);
ErrorCode code_of(streams::Fault);
// What is wrong with the replicas that somebody assigns to a partition, in Kafka's words (INVALID_REPLICA_ASSIGNMENT).
std::optional<std::string> assignment_fault(const Call&, const Array<std::int32_t>& broker_ids);

}   // namespace sluice::kafka
