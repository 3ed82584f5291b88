// EndTxn v0–5: commits or aborts a transaction. v5 answers with the id and the epoch of the next one (KIP-890).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct EndTxnRequest {
    static constexpr Api api{.key = 26, .name = "EndTxn", .min = 0, .max = 5, .flexible_from = 3};
    std::string_view transactional_id;
    std::int64_t producer_id{};
    std::int16_t producer_epoch{};
    bool committed{};
    static constexpr void fields(auto& m, auto& f) {
        f("transactionalId", m.transactional_id, since(0));
        f("producerId", m.producer_id, since(0));
        f("producerEpoch", m.producer_epoch, since(0));
        f("committed", m.committed, since(0));
    }
};

struct EndTxnResponse {
    static constexpr Api api{.key = 26, .name = "EndTxn", .min = 0, .max = 5, .flexible_from = 3};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("producerId", m.producer_id, since(5));
        f("producerEpoch", m.producer_epoch, since(5));
    }
};

}   // namespace sluice::kafka
