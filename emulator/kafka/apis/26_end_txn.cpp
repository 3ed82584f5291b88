// EndTxn v0-5: commits or aborts, and is answered when the markers in all partitions, the offsets and the next epoch are stored
// as one. From v5 on the answer says what the producer goes on with (KIP-890); the same request again is answered the same way.
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/messages/end_txn.h"

namespace sluice::kafka {

Task<EndTxnResponse> handle(Call& call, const EndTxnRequest& request) {
    EndTxnResponse response;
    if (request.transactional_id.empty()) {
        response.error_code = ErrorCode::invalid_request;
        co_return response;
    }
    const auto ended = call.broker.transactions(call.world)
                           .end(request.transactional_id, {.id = request.producer_id, .epoch = request.producer_epoch},
                                request.committed, call.version >= 5);
    const auto committed = co_await ended.ticket.committed();
    response.error_code = committed ? ended.code : ErrorCode::coordinator_not_available;
    if (response.error_code == ErrorCode::producer_fenced && call.version < 2)
        response.error_code = ErrorCode::invalid_producer_epoch;
    if (response.error_code != ErrorCode::none) co_return response;
    response.producer_id = ended.producer.id;
    response.producer_epoch = ended.producer.epoch;
    co_return response;
}

template Task<void> serve<EndTxnRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
