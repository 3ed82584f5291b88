// What of a transactional id is in the store. Key: "kafka/transaction/" id.
#pragma once

#include "emulator/kafka/groups/stored.h"

namespace sluice::kafka {

struct StoredTransaction {
    static constexpr Api api{.key = -1, .name = "StoredTransaction", .min = 0, .max = 0, .flexible_from = 0};
    struct Topic {
        Uuid id;
        std::vector<std::int32_t> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("id", m.id, since(0));
            f("partitions", m.partitions, since(0));
        }
    };
    struct Offset {
        Uuid topic;
        std::int32_t partition{};
        std::int64_t offset{};
        std::int32_t leader_epoch = -1;
        std::string metadata;
        static constexpr void fields(auto& m, auto& f) {
            f("topic", m.topic, since(0));
            f("partition", m.partition, since(0));
            f("offset", m.offset, since(0));
            f("leaderEpoch", m.leader_epoch, since(0));
            f("metadata", m.metadata, since(0));
        }
    };
    struct Group {
        std::string id;
        std::vector<Offset> offsets;
        static constexpr void fields(auto& m, auto& f) {
            f("id", m.id, since(0));
            f("offsets", m.offsets, since(0));
        }
    };
    std::int8_t state{};
    std::int64_t producer_id = -1, previous_producer_id = -1;
    std::int16_t epoch = -1, last_epoch = -1;
    std::int32_t timeout_ms{};
    std::int64_t started_ms = -1;                            // virtual time, as clients are told it
    std::int64_t started_real_ms = 0, changed_real_ms = 0;   // by which it is over; a restart's live time begins at real time
    std::vector<Topic> topics;
    std::vector<Group> groups;
    static constexpr void fields(auto& m, auto& f) {
        f("state", m.state, since(0));
        f("producerId", m.producer_id, since(0));
        f("previousProducerId", m.previous_producer_id, since(0));
        f("epoch", m.epoch, since(0));
        f("lastEpoch", m.last_epoch, since(0));
        f("timeoutMs", m.timeout_ms, since(0));
        f("startedMs", m.started_ms, since(0));
        f("startedRealMs", m.started_real_ms, since(0));
        f("changedRealMs", m.changed_real_ms, since(0));
        f("topics", m.topics, since(0));
        f("groups", m.groups, since(0));
    }
};

inline constexpr std::string_view transaction_prefix = "kafka/transaction/";
inline std::string transaction_key(std::string_view id) { return std::string(transaction_prefix).append(id); }

}   // namespace sluice::kafka
