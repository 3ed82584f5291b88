// DescribeCluster v0-2: one broker. Asking it for controllers is refused, as a broker does (KIP-919).
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_cluster.h"

namespace sluice::kafka {

Task<DescribeClusterResponse> handle(Call& call, const DescribeClusterRequest& request) {
    DescribeClusterResponse response;
    if (request.endpoint_type == 2) {
        response.error_code = ErrorCode::mismatched_endpoint_type;
        response.error_message =
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER";
        co_return response;
    }
    if (request.endpoint_type != 1) {
        response.error_code = ErrorCode::unsupported_endpoint_type;
        response.error_message = "Unsupported endpoint type " + std::to_string(request.endpoint_type);
        co_return response;
    }
    const auto address = call.connection->advertised();
    const auto node = call.broker.options.node_id;
    response.cluster_id = call.broker.cluster_id();
    response.controller_id = node;
    response.brokers = {
        {.broker_id = node, .host = address.host, .port = address.port, .rack = std::nullopt, .is_fenced = false}};
    if (request.include_cluster_authorized_operations)
        response.cluster_authorized_operations = operations_on(call, ResourceType::cluster);
    co_return response;
}

template Task<void> serve<DescribeClusterRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
