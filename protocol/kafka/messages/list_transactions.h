// ListTransactions v0–2: transactional ids that pass all filters (KIP-664); by how long they run from v1 on, by a pattern
// from v2 on (KIP-1152).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ListTransactionsRequest {
    static constexpr Api api{.key = 66, .name = "ListTransactions", .min = 0, .max = 2, .flexible_from = 0};
    Array<std::string_view> state_filters;
    Array<std::int64_t> producer_id_filters;
    std::int64_t duration_filter = -1;
    std::optional<std::string_view> transactional_id_pattern;
    static constexpr void fields(auto& m, auto& f) {
        f("stateFilters", m.state_filters, since(0));
        f("producerIdFilters", m.producer_id_filters, since(0));
        f("durationFilter", m.duration_filter, since(1));
        f("transactionalIdPattern", m.transactional_id_pattern, since(2).nullable(2));
    }
};

struct ListTransactionsResponse {
    static constexpr Api api{.key = 66, .name = "ListTransactions", .min = 0, .max = 2, .flexible_from = 0};
    struct Transaction {
        std::string transactional_id;
        std::int64_t producer_id{};
        std::string transaction_state;
        static constexpr void fields(auto& m, auto& f) {
            f("transactionalId", m.transactional_id, since(0));
            f("producerId", m.producer_id, since(0));
            f("transactionState", m.transaction_state, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::vector<std::string> unknown_state_filters;
    std::vector<Transaction> transaction_states;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("unknownStateFilters", m.unknown_state_filters, since(0));
        f("transactionStates", m.transaction_states, since(0));
    }
};

}   // namespace sluice::kafka
