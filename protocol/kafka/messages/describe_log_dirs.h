// DescribeLogDirs v1–5: the folders of a broker and how much each partition stores in them (KIP-113); the
// disk's size since v4 (KIP-827).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeLogDirsRequest {
    static constexpr Api api{.key = 35, .name = "DescribeLogDirs", .min = 1, .max = 5, .flexible_from = 2};
    struct Topic {
        std::string_view topic;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::optional<Array<Topic>> topics = Array<Topic>{};
    static constexpr void fields(auto& m, auto& f) { f("topics", m.topics, since(0).nullable(0)); }
};

struct DescribeLogDirsResponse {
    static constexpr Api api{.key = 35, .name = "DescribeLogDirs", .min = 1, .max = 5, .flexible_from = 2};
    struct Partition {
        std::int32_t partition_index{};
        std::int64_t partition_size{};
        std::int64_t offset_lag{};
        bool is_future_key{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("partitionSize", m.partition_size, since(0));
            f("offsetLag", m.offset_lag, since(0));
            f("isFutureKey", m.is_future_key, since(0));
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
    struct Dir {
        ErrorCode error_code{};
        std::string log_dir;
        std::vector<Topic> topics;
        std::int64_t total_bytes = -1;
        std::int64_t usable_bytes = -1;
        bool is_cordoned{};
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("logDir", m.log_dir, since(0));
            f("topics", m.topics, since(0));
            f("totalBytes", m.total_bytes, since(4));
            f("usableBytes", m.usable_bytes, since(4));
            f("isCordoned", m.is_cordoned, since(5));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::vector<Dir> results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(3));
        f("results", m.results, since(0));
    }
};

}   // namespace sluice::kafka
