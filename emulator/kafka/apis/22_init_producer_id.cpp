// InitProducerId v0-5: a fresh id with epoch 0 each time, as Kafka does for producers without transactions. With a transactional
// id: its next epoch, which fences off whoever had the last one; what that one had open is aborted in the same step, where Kafka
// answers CONCURRENT_TRANSACTIONS until it is.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/messages/init_producer_id.h"

namespace sluice::kafka {

namespace {

InitProducerIdResponse refused_producer(ErrorCode code) {
    InitProducerIdResponse response;
    response.error_code = code;
    response.producer_epoch = -1;
    return response;
}

// Who may write to any topic at all may do so once (KIP-679).
ErrorCode producer_id_denied(const Call& call, const InitProducerIdRequest& request) {
    if (request.transactional_id) return refusal(call, ResourceType::transactional_id, *request.transactional_id);
    const auto code = refusal(call, ResourceType::cluster);
    return may_any(call, AclOperation::write, ResourceType::topic) ? ErrorCode::none : code;
}

}   // namespace

Task<InitProducerIdResponse> handle(Call& call, const InitProducerIdRequest& request) {
    if ((request.producer_id < 0) != (request.producer_epoch < 0)) co_return refused_producer(ErrorCode::invalid_request);
    if (const auto denied = producer_id_denied(call, request); denied != ErrorCode::none) co_return refused_producer(denied);
    InitProducerIdResponse response;
    if (!request.transactional_id) {
        const auto id = call.engine.next_producer_id(call.world);
        if (!id) co_return refused_producer(code_of(id.error()));
        response.producer_id = *id;
        response.producer_epoch = 0;
        co_return response;
    }
    if (request.transactional_id->empty()) co_return refused_producer(ErrorCode::invalid_request);
    if (request.transaction_timeout_ms <= 0 ||
        request.transaction_timeout_ms > call.broker.configs.number("transaction.max.timeout.ms"))
        co_return refused_producer(ErrorCode::invalid_transaction_timeout);
    const auto begun = call.broker.transactions(call.world)
                           .init(*request.transactional_id, milliseconds{request.transaction_timeout_ms},
                                 {.id = request.producer_id, .epoch = request.producer_epoch});
    const auto committed = co_await begun.ticket.committed();
    if (!committed) co_return refused_producer(ErrorCode::coordinator_not_available);
    if (begun.code == ErrorCode::producer_fenced && call.version < 4)
        co_return refused_producer(ErrorCode::invalid_producer_epoch);
    if (begun.code != ErrorCode::none) co_return refused_producer(begun.code);
    response.producer_id = begun.producer.id;
    response.producer_epoch = begun.producer.epoch;
    co_return response;
}

template Task<void> serve<InitProducerIdRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
