// UnregisterBroker v0: no broker is registered but this one, which cannot go. The text about others as seen on Kafka 4.4.0.
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/unregister_broker.h"

namespace sluice::kafka {

Task<UnregisterBrokerResponse> handle(Call& call, const UnregisterBrokerRequest& request) {
    UnregisterBrokerResponse response;
    if (request.broker_id == call.broker.options.node_id) {
        response.error_code = ErrorCode::invalid_request;
        response.error_message = "The only broker cannot be unregistered.";
        co_return response;
    }
    response.error_code = ErrorCode::broker_id_not_registered;
    response.error_message = "Broker ID " + std::to_string(request.broker_id) + " is not currently registered";
    co_return response;
}

template Task<void> serve<UnregisterBrokerRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
