// DescribeProducers v0: who writes to a partition, and whether in a transaction (KIP-664).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeProducersRequest {
    static constexpr Api api{.key = 61, .name = "DescribeProducers", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        std::string_view name;
        Array<std::int32_t> partition_indexes;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitionIndexes", m.partition_indexes, since(0));
        }
    };
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) { f("topics", m.topics, since(0)); }
};

struct DescribeProducersResponse {
    static constexpr Api api{.key = 61, .name = "DescribeProducers", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        struct Partition {
            struct Producer {
                std::int64_t producer_id{};
                std::int32_t producer_epoch{};
                std::int32_t last_sequence = -1;
                std::int64_t last_timestamp = -1;
                std::int32_t coordinator_epoch{};
                std::int64_t current_txn_start_offset = -1;
                static constexpr void fields(auto& m, auto& f) {
                    f("producerId", m.producer_id, since(0));
                    f("producerEpoch", m.producer_epoch, since(0));
                    f("lastSequence", m.last_sequence, since(0));
                    f("lastTimestamp", m.last_timestamp, since(0));
                    f("coordinatorEpoch", m.coordinator_epoch, since(0));
                    f("currentTxnStartOffset", m.current_txn_start_offset, since(0));
                }
            };
            std::int32_t partition_index{};
            ErrorCode error_code{};
            std::optional<std::string> error_message;
            std::vector<Producer> active_producers;
            static constexpr void fields(auto& m, auto& f) {
                f("partitionIndex", m.partition_index, since(0));
                f("errorCode", m.error_code, since(0));
                f("errorMessage", m.error_message, since(0).nullable(0));
                f("activeProducers", m.active_producers, since(0));
            }
        };
        std::string name;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("topics", m.topics, since(0));
    }
};

}   // namespace sluice::kafka
