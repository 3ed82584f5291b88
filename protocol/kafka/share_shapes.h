// What several messages of share groups (KIP-932) have in common: topics by id with something for each partition, what became of
// records, who leads a partition.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

template <class P>
struct AskedTopic {   // of a request
    using Partition = P;
    Uuid topic_id;
    Array<Partition> partitions;
    static constexpr void fields(auto& m, auto& f) {
        f("topicId", m.topic_id, since(0));
        f("partitions", m.partitions, since(0));
    }
};

template <class P>
struct ToldTopic {   // of an answer
    using Partition = P;
    Uuid topic_id;
    std::vector<Partition> partitions;
    static constexpr void fields(auto& m, auto& f) {
        f("topicId", m.topic_id, since(0));
        f("partitions", m.partitions, since(0));
    }
};

// What became of acquired records.
struct AcknowledgedPartition {
    struct Batch {
        std::int64_t first_offset{};
        std::int64_t last_offset{};
        Array<std::int8_t> acknowledge_types;
        static constexpr void fields(auto& m, auto& f) {
            f("firstOffset", m.first_offset, since(0));
            f("lastOffset", m.last_offset, since(0));
            f("acknowledgeTypes", m.acknowledge_types, since(0));
        }
    };
    std::int32_t partition_index{};
    Array<Batch> acknowledgement_batches;
    static constexpr void fields(auto& m, auto& f) {
        f("partitionIndex", m.partition_index, since(0));
        f("acknowledgementBatches", m.acknowledgement_batches, since(0));
    }
};

struct ShareLeader {
    std::int32_t leader_id{};
    std::int32_t leader_epoch{};
    static constexpr void fields(auto& m, auto& f) {
        f("leaderId", m.leader_id, since(0));
        f("leaderEpoch", m.leader_epoch, since(0));
    }
    bool operator==(const ShareLeader&) const = default;
};

struct ShareNode {
    std::int32_t node_id{};
    std::string host;
    std::int32_t port{};
    std::optional<std::string> rack;
    static constexpr void fields(auto& m, auto& f) {
        f("nodeId", m.node_id, since(0));
        f("host", m.host, since(0));
        f("port", m.port, since(0));
        f("rack", m.rack, since(0).nullable(0));
    }
};

// ---- between brokers: the state of a share group's partition ----

struct ShareStateBatch {
    std::int64_t first_offset{};
    std::int64_t last_offset{};
    std::int8_t delivery_state{};
    std::int16_t delivery_count{};
    static constexpr void fields(auto& m, auto& f) {
        f("firstOffset", m.first_offset, since(0));
        f("lastOffset", m.last_offset, since(0));
        f("deliveryState", m.delivery_state, since(0));
        f("deliveryCount", m.delivery_count, since(0));
    }
};

struct ShareStateResult {
    std::int32_t partition{};
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    static constexpr void fields(auto& m, auto& f) {
        f("partition", m.partition, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
