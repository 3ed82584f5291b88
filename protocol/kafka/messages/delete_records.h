// DeleteRecords v0–2: moves the log start of partitions up to an offset; -1 means the high watermark
// (KIP-107).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DeleteRecordsRequest {
    static constexpr Api api{.key = 21, .name = "DeleteRecords", .min = 0, .max = 2, .flexible_from = 2};
    struct Partition {
        std::int32_t partition_index{};
        std::int64_t offset{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("offset", m.offset, since(0));
        }
    };
    struct Topic {
        std::string_view name;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    Array<Topic> topics;
    std::int32_t timeout_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("topics", m.topics, since(0));
        f("timeoutMs", m.timeout_ms, since(0));
    }
};

struct DeleteRecordsResponse {
    static constexpr Api api{.key = 21, .name = "DeleteRecords", .min = 0, .max = 2, .flexible_from = 2};
    struct Partition {
        std::int32_t partition_index{};
        std::int64_t low_watermark{};
        ErrorCode error_code{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("lowWatermark", m.low_watermark, since(0));
            f("errorCode", m.error_code, since(0));
        }
    };
    struct Topic {
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
