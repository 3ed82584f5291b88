// FindCoordinator v0-6: we coordinate everything, and are always ready. Share groups (type 2) do not exist here yet: 15.
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/find_coordinator.h"

namespace sluice::kafka {

Task<FindCoordinatorResponse> handle(Call& call, const FindCoordinatorRequest& request) {
    const auto address = call.connection->advertised();
    const auto node = call.broker.options.node_id;
    FindCoordinatorResponse response;
    const bool known = request.key_type == 0 || request.key_type == 1;
    const auto code = known                   ? ErrorCode::none
                      : request.key_type == 2 ? ErrorCode::coordinator_not_available
                                              : ErrorCode::invalid_request;
    const std::string text = known ? "" : std::string(text_of(code));
    for (const auto key : request.coordinator_keys) {
        auto& told = response.coordinators.emplace_back();
        told.key = key;
        told.error_code = code;
        told.error_message = text;
        told.node_id = known ? node : -1;
        told.host = known ? address.host : "";
        told.port = known ? address.port : -1;
    }
    response.error_code = code;
    response.error_message = known ? "NONE" : text;   // seen: v1-3 say so
    response.node_id = known ? node : -1;
    response.host = known ? address.host : "";
    response.port = known ? address.port : -1;
    co_return response;
}

template Task<void> serve<FindCoordinatorRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
