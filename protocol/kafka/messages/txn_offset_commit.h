// TxnOffsetCommit v0–6: offsets that count when their transaction is committed. v3 carries the member and its
// generation (KIP-447), v6 names topics by id.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct TxnOffsetCommitRequest {
    static constexpr Api api{.key = 28, .name = "TxnOffsetCommit", .min = 0, .max = 6, .flexible_from = 3};
    struct Topic {
        struct Partition {
            std::int32_t partition_index{};
            std::int64_t committed_offset{};
            std::int32_t committed_leader_epoch = -1;
            std::optional<std::string_view> committed_metadata = "";
            static constexpr void fields(auto& m, auto& f) {
                f("partitionIndex", m.partition_index, since(0));
                f("committedOffset", m.committed_offset, since(0));
                f("committedLeaderEpoch", m.committed_leader_epoch, since(2));
                f("committedMetadata", m.committed_metadata, since(0).nullable(0));
            }
        };
        std::string_view name;
        Uuid topic_id;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).until(5));
            f("topicId", m.topic_id, since(6));
            f("partitions", m.partitions, since(0));
        }
    };
    std::string_view transactional_id;
    std::string_view group_id;
    std::int64_t producer_id{};
    std::int16_t producer_epoch{};
    std::int32_t generation_id_or_member_epoch = -1;
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("transactionalId", m.transactional_id, since(0));
        f("groupId", m.group_id, since(0));
        f("producerId", m.producer_id, since(0));
        f("producerEpoch", m.producer_epoch, since(0));
        f("generationIdOrMemberEpoch", m.generation_id_or_member_epoch, since(3));
        f("memberId", m.member_id, since(3));
        f("groupInstanceId", m.group_instance_id, since(3).nullable(3));
        f("topics", m.topics, since(0));
    }
};

struct TxnOffsetCommitResponse {
    static constexpr Api api{.key = 28, .name = "TxnOffsetCommit", .min = 0, .max = 6, .flexible_from = 3};
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
        Uuid topic_id;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).until(5));
            f("topicId", m.topic_id, since(6));
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
