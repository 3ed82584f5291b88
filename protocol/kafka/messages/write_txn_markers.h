// WriteTxnMarkers v1–2: ends a transaction in the logs of partitions. Brokers send it, and tools that end one whose
// coordinator knows nothing of it (KIP-664).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct WriteTxnMarkersRequest {
    static constexpr Api api{.key = 27, .name = "WriteTxnMarkers", .min = 1, .max = 2, .flexible_from = 1};
    struct Marker {
        struct Topic {
            std::string_view name;
            Array<std::int32_t> partition_indexes;
            static constexpr void fields(auto& m, auto& f) {
                f("name", m.name, since(0));
                f("partitionIndexes", m.partition_indexes, since(0));
            }
        };
        std::int64_t producer_id{};
        std::int16_t producer_epoch{};
        bool transaction_result{};
        Array<Topic> topics;
        std::int32_t coordinator_epoch{};
        std::int8_t transaction_version{};
        static constexpr void fields(auto& m, auto& f) {
            f("producerId", m.producer_id, since(0));
            f("producerEpoch", m.producer_epoch, since(0));
            f("transactionResult", m.transaction_result, since(0));
            f("topics", m.topics, since(0));
            f("coordinatorEpoch", m.coordinator_epoch, since(0));
            f("transactionVersion", m.transaction_version, since(2));
        }
    };
    Array<Marker> markers;
    static constexpr void fields(auto& m, auto& f) { f("markers", m.markers, since(0)); }
};

struct WriteTxnMarkersResponse {
    static constexpr Api api{.key = 27, .name = "WriteTxnMarkers", .min = 1, .max = 2, .flexible_from = 1};
    struct Marker {
        struct Topic {
            struct Partition {
                std::int32_t partition_index{};
                ErrorCode error_code{};
                static constexpr void fields(auto& m, auto& f) {
                    f("partitionIndex", m.partition_index, since(0));
                    f("errorCode", m.error_code, since(0));
                }
            };
            std::string name;
            std::vector<Partition> partitions;
            static constexpr void fields(auto& m, auto& f) {
                f("name", m.name, since(0));
                f("partitions", m.partitions, since(0));
            }
        };
        std::int64_t producer_id{};
        std::vector<Topic> topics;
        static constexpr void fields(auto& m, auto& f) {
            f("producerId", m.producer_id, since(0));
            f("topics", m.topics, since(0));
        }
    };
    std::vector<Marker> markers;
    static constexpr void fields(auto& m, auto& f) { f("markers", m.markers, since(0)); }
};

}   // namespace sluice::kafka
