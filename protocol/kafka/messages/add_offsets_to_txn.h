// AddOffsetsToTxn v0–4: the offsets of a group become part of a transaction (KIP-98).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AddOffsetsToTxnRequest {
    static constexpr Api api{.key = 25, .name = "AddOffsetsToTxn", .min = 0, .max = 4, .flexible_from = 3};
    std::string_view transactional_id;
    std::int64_t producer_id{};
    std::int16_t producer_epoch{};
    std::string_view group_id;
    static constexpr void fields(auto& m, auto& f) {
        f("transactionalId", m.transactional_id, since(0));
        f("producerId", m.producer_id, since(0));
        f("producerEpoch", m.producer_epoch, since(0));
        f("groupId", m.group_id, since(0));
    }
};

struct AddOffsetsToTxnResponse {
    static constexpr Api api{.key = 25, .name = "AddOffsetsToTxn", .min = 0, .max = 4, .flexible_from = 3};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
    }
};

}   // namespace sluice::kafka
