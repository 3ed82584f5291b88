// UnregisterController v0: no controller is registered but this one, which is active. Texts as seen on Kafka 4.4.0.
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/unregister_controller.h"

namespace sluice::kafka {

Task<UnregisterControllerResponse> handle(Call& call, const UnregisterControllerRequest& request) {
    UnregisterControllerResponse response;
    if (request.controller_id == call.broker.options.node_id) {
        response.error_code = ErrorCode::invalid_request;
        response.error_message = "Controller cannot unregister itself while it is active.";
        co_return response;
    }
    response.error_code = ErrorCode::controller_id_not_registered;
    response.error_message = "Controller ID " + std::to_string(request.controller_id) + " is not currently registered.";
    co_return response;
}

template Task<void> serve<UnregisterControllerRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
