// OffsetCommit v2–10: a group's offsets are put. Member and generation are checked unless the generation is
// -1; retentionTimeMs only v2–4, topic ids in place of names since v10.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct OffsetCommitRequest {
    static constexpr Api api{.key = 8, .name = "OffsetCommit", .min = 2, .max = 10, .flexible_from = 8};
    struct Partition {
        std::int32_t partition_index{};
        std::int64_t committed_offset{};
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string_view> committed_metadata = "";
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0));
            f("committedOffset", m.committed_offset, since(0));
            f("committedLeaderEpoch", m.committed_leader_epoch, since(6));
            f("committedMetadata", m.committed_metadata, since(0).nullable(0));
        }
    };
    struct Topic {
        std::string_view name;
        Uuid topic_id;
        Array<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).until(9));
            f("topicId", m.topic_id, since(10));
            f("partitions", m.partitions, since(0));
        }
    };
    std::string_view group_id;
    std::int32_t generation_id_or_member_epoch = -1;
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::int64_t retention_time_ms = -1;
    Array<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0));
        f("generationIdOrMemberEpoch", m.generation_id_or_member_epoch, since(1));
        f("memberId", m.member_id, since(1));
        f("groupInstanceId", m.group_instance_id, since(7).nullable(7));
        f("retentionTimeMs", m.retention_time_ms, since(2).until(4));
        f("topics", m.topics, since(0));
    }
};

struct OffsetCommitResponse {
    static constexpr Api api{.key = 8, .name = "OffsetCommit", .min = 2, .max = 10, .flexible_from = 8};
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
        Uuid topic_id;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).until(9));
            f("topicId", m.topic_id, since(10));
            f("partitions", m.partitions, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Topic> topics;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(3));
        f("topics", m.topics, since(0));
    }
};

}   // namespace sluice::kafka
