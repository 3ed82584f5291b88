// Every Kafka API that this server answers, with the versions that clients are told. The schema's versions
// (protocol/kafka/messages) and the served ones are two facts. An entry without a handler's file is a link error that names it.
#include "emulator/kafka/dispatch.h"

#include <algorithm>
#include <array>

#include "emulator/kafka/call.h"
#include "protocol/kafka/all_messages.h"

namespace sluice::kafka {

namespace {

template <class Request, std::int16_t Min, std::int16_t Max, Order Begins = Order::in_turn, bool Told = true>
struct Serves {
    using Type = Request;
    static constexpr std::int16_t min = Min, max = Max;
    static constexpr Order order = Begins;
    static constexpr bool told = Told;
};
template <class Request, std::int16_t Min, std::int16_t Max>
using Quiet = Serves<Request, Min, Max, Order::in_turn, false>;   // answered, and not told by ApiVersions
template <class... S>
struct Apis {};
// The versions are those of a stock 4.4.0 broker; Produce 0-2 are told because old librdkafka needs to see them, and refused.
// clang-format off
using Served = Apis<
    Serves<ProduceRequest, 0, 13, Order::in_a_row>,
    Serves<FetchRequest, 4, 18>,
    Serves<ListOffsetsRequest, 1, 11>,
    Serves<MetadataRequest, 0, 13>,
    Serves<OffsetCommitRequest, 2, 10, Order::in_a_row>,
    Serves<OffsetFetchRequest, 1, 10>,
    Serves<FindCoordinatorRequest, 0, 6>,
    Serves<JoinGroupRequest, 0, 9>,
    Serves<HeartbeatRequest, 0, 4>,
    Serves<LeaveGroupRequest, 0, 5>,
    Serves<SyncGroupRequest, 0, 5>,
    Serves<DescribeGroupsRequest, 0, 6>,
    Serves<ListGroupsRequest, 0, 5>,
    Serves<SaslHandshakeRequest, 0, 1>,
    Serves<ApiVersionsRequest, 0, 5>,
    Serves<CreateTopicsRequest, 2, 7>,
    Serves<DeleteTopicsRequest, 1, 6>,
    Serves<DeleteRecordsRequest, 0, 2>,
    Serves<InitProducerIdRequest, 0, 5>,
    Serves<OffsetForLeaderEpochRequest, 2, 4>,
    Serves<AddPartitionsToTxnRequest, 0, 5>,
    Serves<AddOffsetsToTxnRequest, 0, 4>,
    Serves<EndTxnRequest, 0, 5>,
    Serves<WriteTxnMarkersRequest, 1, 2>,
    Serves<TxnOffsetCommitRequest, 0, 6>,
    Serves<DescribeAclsRequest, 1, 3>,
    Serves<CreateAclsRequest, 1, 3>,
    Serves<DeleteAclsRequest, 1, 3>,
    Serves<DescribeConfigsRequest, 1, 4>,
    Serves<AlterConfigsRequest, 0, 2>,
    Serves<AlterReplicaLogDirsRequest, 1, 2>,
    Serves<DescribeLogDirsRequest, 1, 5>,
    Serves<SaslAuthenticateRequest, 0, 2>,
    Serves<CreatePartitionsRequest, 0, 3>,
    Serves<CreateDelegationTokenRequest, 1, 3>,
    Serves<RenewDelegationTokenRequest, 1, 2>,
    Serves<ExpireDelegationTokenRequest, 1, 2>,
    Serves<DescribeDelegationTokenRequest, 1, 3>,
    Serves<DeleteGroupsRequest, 0, 3>,
    Serves<ElectLeadersRequest, 0, 2>,
    Serves<IncrementalAlterConfigsRequest, 0, 1>,
    Serves<AlterPartitionReassignmentsRequest, 0, 1>,
    Serves<ListPartitionReassignmentsRequest, 0, 0>,
    Serves<OffsetDeleteRequest, 0, 0>,
    Serves<DescribeClientQuotasRequest, 0, 1>,
    Serves<AlterClientQuotasRequest, 0, 1>,
    Serves<DescribeUserScramCredentialsRequest, 0, 0>,
    Serves<AlterUserScramCredentialsRequest, 0, 0>,
    Serves<DescribeQuorumRequest, 0, 2>,
    Serves<UpdateFeaturesRequest, 0, 2>,
    Serves<DescribeClusterRequest, 0, 2>,
    Serves<DescribeProducersRequest, 0, 0>,
    Serves<UnregisterBrokerRequest, 0, 0>,
    Serves<DescribeTransactionsRequest, 0, 0>,
    Serves<ListTransactionsRequest, 0, 2>,
    Serves<ConsumerGroupHeartbeatRequest, 0, 1>,
    Serves<ConsumerGroupDescribeRequest, 0, 1>,
    Quiet<GetTelemetrySubscriptionsRequest, 0, 0>,
    Quiet<PushTelemetryRequest, 0, 0>,
    Serves<ListConfigResourcesRequest, 0, 1>,
    Serves<DescribeTopicPartitionsRequest, 0, 0>,
    Serves<ShareGroupHeartbeatRequest, 1, 1>,
    Serves<ShareGroupDescribeRequest, 1, 1>,
    Serves<ShareFetchRequest, 1, 2>,
    Serves<ShareAcknowledgeRequest, 1, 2>,
    Serves<AddRaftVoterRequest, 0, 1>,
    Serves<RemoveRaftVoterRequest, 0, 0>,
    Serves<InitializeShareGroupStateRequest, 0, 0>,
    Serves<ReadShareGroupStateRequest, 0, 0>,
    Serves<WriteShareGroupStateRequest, 0, 1>,
    Serves<DeleteShareGroupStateRequest, 0, 0>,
    Serves<ReadShareGroupStateSummaryRequest, 0, 1>,
    Serves<StreamsGroupHeartbeatRequest, 0, 1>,
    Serves<StreamsGroupDescribeRequest, 0, 1>,
    Serves<DescribeShareGroupOffsetsRequest, 0, 1>,
    Serves<AlterShareGroupOffsetsRequest, 0, 0>,
    Serves<DeleteShareGroupOffsetsRequest, 0, 0>,
    Serves<StreamsGroupTopologyDescriptionUpdateRequest, 0, 0>,
    Serves<UnregisterControllerRequest, 0, 0>>;
// clang-format on

template <class... S>
consteval auto table(Apis<S...>) {
    return std::array<Route, sizeof...(S)>{Route{S::Type::api, S::min, S::max, &serve<typename S::Type>, S::order, S::told}...};
}
constexpr auto routes = table(Served{});
static_assert(std::ranges::is_sorted(routes, std::less<>{}, [](const Route& r) { return r.api.key; }),
              "list the APIs by key, each once");

}   // namespace

const Route* find_route(std::int16_t key) {
    const auto found = std::ranges::lower_bound(routes, key, {}, [](const Route& r) { return r.api.key; });
    return found != routes.end() && found->api.key == key ? &*found : nullptr;
}
std::span<const Route> all_routes() { return routes; }

}   // namespace sluice::kafka
