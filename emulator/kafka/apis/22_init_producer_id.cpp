// InitProducerId v0-5: a fresh id with epoch 0 each time, as Kafka does for producers without transactions. Transactions are
// not served yet: a transactional id is answered UNSUPPORTED_VERSION, which every client reports as final.
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/init_producer_id.h"

namespace sluice::kafka {

Task<InitProducerIdResponse> handle(Call& call, const InitProducerIdRequest& request) {
    InitProducerIdResponse response;
    response.producer_epoch = -1;
    if (request.transactional_id) {
        response.error_code = request.transactional_id->empty() ? ErrorCode::invalid_request : ErrorCode::unsupported_version;
        co_return response;
    }
    const auto id = call.engine.next_producer_id(call.world);
    if (!id) {
        response.producer_id = -1;
        response.error_code = code_of(id.error());
        co_return response;
    }
    response.producer_id = *id;
    response.producer_epoch = 0;
    co_return response;
}

template Task<void> serve<InitProducerIdRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
