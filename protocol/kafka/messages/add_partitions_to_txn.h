// AddPartitionsToTxn v0–5: partitions become part of a transaction. v4 is what brokers send: several transactions at
// once, or only the question whether the partitions are part of it (KIP-890).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AddPartitionsToTxnRequest {
    static constexpr Api api{.key = 24, .name = "AddPartitionsToTxn", .min = 0, .max = 5, .flexible_from = 3};
    struct Topic {
        std::string_view name;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    struct Transaction {
        std::string_view transactional_id;
        std::int64_t producer_id{};
        std::int16_t producer_epoch{};
        bool verify_only{};
        Array<Topic> topics;
        static constexpr void fields(auto& m, auto& f) {
            f("transactionalId", m.transactional_id, since(4));
            f("producerId", m.producer_id, since(4));
            f("producerEpoch", m.producer_epoch, since(4));
            f("verifyOnly", m.verify_only, since(4));
            f("topics", m.topics, since(4));
        }
    };
    Array<Transaction> transactions;
    std::string_view v3_and_below_transactional_id;
    std::int64_t v3_and_below_producer_id{};
    std::int16_t v3_and_below_producer_epoch{};
    Array<Topic> v3_and_below_topics;
    static constexpr void fields(auto& m, auto& f) {
        f("transactions", m.transactions, since(4));
        f("v3AndBelowTransactionalId", m.v3_and_below_transactional_id, since(0).until(3));
        f("v3AndBelowProducerId", m.v3_and_below_producer_id, since(0).until(3));
        f("v3AndBelowProducerEpoch", m.v3_and_below_producer_epoch, since(0).until(3));
        f("v3AndBelowTopics", m.v3_and_below_topics, since(0).until(3));
    }
};

struct AddPartitionsToTxnResponse {
    static constexpr Api api{.key = 24, .name = "AddPartitionsToTxn", .min = 0, .max = 5, .flexible_from = 3};
    struct PartitionResult {
        std::int32_t partition_index{};
        ErrorCode partition_error_code{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("partitionErrorCode", m.partition_error_code, since(0));
        }
    };
    struct TopicResult {
        std::string name;
        std::vector<PartitionResult> results_by_partition;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("resultsByPartition", m.results_by_partition, since(0));
        }
    };
    struct Result {
        std::string transactional_id;
        std::vector<TopicResult> topic_results;
        static constexpr void fields(auto& m, auto& f) {
            f("transactionalId", m.transactional_id, since(4));
            f("topicResults", m.topic_results, since(4));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::vector<Result> results_by_transaction;
    std::vector<TopicResult> results_by_topic_v3_and_below;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(4));
        f("resultsByTransaction", m.results_by_transaction, since(4));
        f("resultsByTopicV3AndBelow", m.results_by_topic_v3_and_below, since(0).until(3));
    }
};

}   // namespace sluice::kafka
