// InitProducerId v0–6: an id and an epoch for an idempotent or transactional producer. v3 lets a producer
// ask for the next epoch of its own id (KIP-360); v6 (two-phase commit, KIP-939) is unstable and no broker
// advertises it.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct InitProducerIdRequest {
    static constexpr Api api{.key = 22, .name = "InitProducerId", .min = 0, .max = 6, .flexible_from = 2};
    std::optional<std::string_view> transactional_id = "";
    std::int32_t transaction_timeout_ms{};
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    bool enable2_pc{};
    bool keep_prepared_txn{};
    static constexpr void fields(auto& m, auto& f) {
        f("transactionalId", m.transactional_id, since(0).nullable(0));
        f("transactionTimeoutMs", m.transaction_timeout_ms, since(0));
        f("producerId", m.producer_id, since(3));
        f("producerEpoch", m.producer_epoch, since(3));
        f("enable2Pc", m.enable2_pc, since(6));
        f("keepPreparedTxn", m.keep_prepared_txn, since(6));
    }
};

struct InitProducerIdResponse {
    static constexpr Api api{.key = 22, .name = "InitProducerId", .min = 0, .max = 6, .flexible_from = 2};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch{};
    std::int64_t ongoing_txn_producer_id = -1;
    std::int16_t ongoing_txn_producer_epoch = -1;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("producerId", m.producer_id, since(0));
        f("producerEpoch", m.producer_epoch, since(0));
        f("ongoingTxnProducerId", m.ongoing_txn_producer_id, since(6));
        f("ongoingTxnProducerEpoch", m.ongoing_txn_producer_epoch, since(6));
    }
};

}   // namespace sluice::kafka
