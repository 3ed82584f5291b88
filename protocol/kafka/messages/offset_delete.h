// OffsetDelete v0: single committed offsets of a group go (KIP-496).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct OffsetDeleteRequest {
    static constexpr Api api{.key = 47, .name = "OffsetDelete", .min = 0, .max = 0};
    struct Partition {
        std::int32_t partition_index{};
        static constexpr void fields(auto& m, auto& f) { f("partitionIndex", m.partition_index, since(0)); }
    };
    struct Topic {
        std::string_view name;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::string_view group_id;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("topics", m.topics, since(0));
    }
};

struct OffsetDeleteResponse {
    static constexpr Api api{.key = 47, .name = "OffsetDelete", .min = 0, .max = 0};
    struct Partition {
        std::int32_t partition_index{};
        ErrorCode error_code{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
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
    ErrorCode error_code{};
    std::int32_t throttle_time_ms{};
    std::vector<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("errorCode", m.error_code, since(0));
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("topics", m.topics, since(0));
    }
};

}   // namespace sluice::kafka
