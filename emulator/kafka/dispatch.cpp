// Every Kafka API that this server answers, with the versions that clients are told. The schema's versions
// (protocol/kafka/messages) and the served ones are two facts. An entry without a handler's file is a link error that names it.
#include "emulator/kafka/dispatch.h"

#include <algorithm>
#include <array>

#include "emulator/kafka/call.h"
#include "protocol/kafka/all_messages.h"

namespace sluice::kafka {

namespace {

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

template <class... S>
consteval auto table(Apis<S...>) {
    return std::array<Route, sizeof...(S)>{Route{S::Type::api, S::min, S::max, &serve<typename S::Type>, S::order}...};
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
