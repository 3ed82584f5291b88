// DescribeTransactions v0: where transactional ids stand (KIP-664).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeTransactionsRequest {
    static constexpr Api api{.key = 65, .name = "DescribeTransactions", .min = 0, .max = 0, .flexible_from = 0};
    Array<std::string_view> transactional_ids;
    static constexpr void fields(auto& m, auto& f) { f("transactionalIds", m.transactional_ids, since(0)); }
};

struct DescribeTransactionsResponse {
    static constexpr Api api{.key = 65, .name = "DescribeTransactions", .min = 0, .max = 0, .flexible_from = 0};
    struct Transaction {
        struct Topic {
            std::string topic;
            std::vector<std::int32_t> partitions;
            static constexpr void fields(auto& m, auto& f) {
                f("topic", m.topic, since(0));
                f("partitions", m.partitions, since(0));
            }
        };
        ErrorCode error_code{};
        std::string transactional_id;
        std::string transaction_state;
        std::int32_t transaction_timeout_ms{};
        std::int64_t transaction_start_time_ms{};
        std::int64_t producer_id{};
        std::int16_t producer_epoch{};
        std::vector<Topic> topics;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("transactionalId", m.transactional_id, since(0));
            f("transactionState", m.transaction_state, since(0));
            f("transactionTimeoutMs", m.transaction_timeout_ms, since(0));
            f("transactionStartTimeMs", m.transaction_start_time_ms, since(0));
            f("producerId", m.producer_id, since(0));
            f("producerEpoch", m.producer_epoch, since(0));
            f("topics", m.topics, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Transaction> transaction_states;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("transactionStates", m.transaction_states, since(0));
    }
};

}   // namespace sluice::kafka
