// AddOffsetsToTxn v0-4: the offsets of a group will be committed with a transaction.
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/messages/add_offsets_to_txn.h"

namespace sluice::kafka {

Task<AddOffsetsToTxnResponse> handle(Call& call, const AddOffsetsToTxnRequest& request) {
    AddOffsetsToTxnResponse response;
    if (request.transactional_id.empty()) {
        response.error_code = ErrorCode::invalid_request;
        co_return response;
    }
    const auto added =
        call.broker.transactions(call.world)
            .add(request.transactional_id, {.id = request.producer_id, .epoch = request.producer_epoch}, request.group_id);
    const auto committed = co_await added.ticket.committed();
    response.error_code = committed ? added.code : ErrorCode::coordinator_not_available;
    if (response.error_code == ErrorCode::producer_fenced && call.version < 2)
        response.error_code = ErrorCode::invalid_producer_epoch;
    co_return response;
}

template Task<void> serve<AddOffsetsToTxnRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
