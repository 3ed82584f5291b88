// FindCoordinator v0-6: we coordinate everything, and are always ready. Share groups (type 2) do not exist here yet: 15.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/find_coordinator.h"

namespace sluice::kafka {

namespace {

// Whoever may not see the group or the transactional id is told no place of it.
ErrorCode coordinator_denied(const Call& call, std::int8_t key_type, std::string_view key) {
    if (key_type == 0) return refusal(call, ResourceType::group, key);
    if (key_type == 1) return refusal(call, ResourceType::transactional_id, key);
    return key_type == 2 ? refusal(call, ResourceType::cluster) : ErrorCode::none;
}

template <class Told>
void hide_coordinator(Told& told, ErrorCode code) {
    told.error_code = code;
    told.error_message = std::string(text_of(code));
    told.node_id = told.port = -1;
    told.host = "";
}

}   // namespace

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
        if (const auto refused = coordinator_denied(call, request.key_type, key); refused != ErrorCode::none)
            hide_coordinator(told, refused);
    }
    response.error_code = code;
    response.error_message = known ? "NONE" : text;   // seen: v1-3 say so
    response.node_id = known ? node : -1;
    response.host = known ? address.host : "";
    response.port = known ? address.port : -1;
    if (call.version < 4)
        if (const auto refused = coordinator_denied(call, request.key_type, request.key); refused != ErrorCode::none)
            hide_coordinator(response, refused);
    co_return response;
}

template Task<void> serve<FindCoordinatorRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
