// AlterReplicaLogDirs v1–2: moves replicas to another folder of their broker (KIP-113).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AlterReplicaLogDirsRequest {
    static constexpr Api api{.key = 34, .name = "AlterReplicaLogDirs", .min = 1, .max = 2, .flexible_from = 2};
    struct Topic {
        std::string_view name;
        Array<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    struct Dir {
        std::string_view path;
        Array<Topic> topics;
        static constexpr void fields(auto& m, auto& f) {
            f("path", m.path, since(0));
            f("topics", m.topics, since(0));
        }
    };
    Array<Dir> dirs;
    static constexpr void fields(auto& m, auto& f) { f("dirs", m.dirs, since(0)); }
};

struct AlterReplicaLogDirsResponse {
    static constexpr Api api{.key = 34, .name = "AlterReplicaLogDirs", .min = 1, .max = 2, .flexible_from = 2};
    struct Partition {
        std::int32_t partition_index{};
        ErrorCode error_code{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("errorCode", m.error_code, since(0));
        }
    };
    struct Topic {
        std::string topic_name;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("topicName", m.topic_name, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Topic> results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("results", m.results, since(0));
    }
};

}   // namespace sluice::kafka
