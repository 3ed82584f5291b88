// OffsetFetch v1–10: a group's committed offsets. v8 asks for many groups at once (KIP-709), v9 carries the
// member and its epoch (KIP-848), v10 names topics by id. Topics null means all; an unknown partition
// answers offset -1.
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct OffsetFetchRequest {
    static constexpr Api api{.key = 9, .name = "OffsetFetch", .min = 1, .max = 10, .flexible_from = 6};
    struct Topic {
        std::string_view name;
        Array<std::int32_t> partition_indexes;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).until(7));
            f("partitionIndexes", m.partition_indexes, since(0).until(7));
        }
    };
    struct GroupTopic {
        std::string_view name;
        Uuid topic_id;
        Array<std::int32_t> partition_indexes;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(8).until(9));
            f("topicId", m.topic_id, since(10));
            f("partitionIndexes", m.partition_indexes, since(8));
        }
    };
    struct Group {
        std::string_view group_id;
        std::optional<std::string_view> member_id;
        std::int32_t member_epoch = -1;
        std::optional<Array<GroupTopic>> topics = Array<GroupTopic>{};
        static constexpr void fields(auto& m, auto& f) {
            f("groupId", m.group_id, since(8));
            f("memberId", m.member_id, since(9).nullable(9));
            f("memberEpoch", m.member_epoch, since(9));
            f("topics", m.topics, since(8).nullable(8));
        }
    };
    std::string_view group_id;
    std::optional<Array<Topic>> topics = Array<Topic>{};
    Array<Group> groups;
    bool require_stable{};
    static constexpr void fields(auto& m, auto& f) {
        f("groupId", m.group_id, since(0).until(7));
        f("topics", m.topics, since(0).until(7).nullable(2));
        f("groups", m.groups, since(8));
        f("requireStable", m.require_stable, since(7));
    }
};

struct OffsetFetchResponse {
    static constexpr Api api{.key = 9, .name = "OffsetFetch", .min = 1, .max = 10, .flexible_from = 6};
    struct Partition {
        std::int32_t partition_index{};
        std::int64_t committed_offset{};
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata = "";
        ErrorCode error_code{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(0).until(7));
            f("committedOffset", m.committed_offset, since(0).until(7));
            f("committedLeaderEpoch", m.committed_leader_epoch, since(5).until(7));
            f("metadata", m.metadata, since(0).until(7).nullable(0));
            f("errorCode", m.error_code, since(0).until(7));
        }
    };
    struct Topic {
        std::string name;
        std::vector<Partition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0).until(7));
            f("partitions", m.partitions, since(0).until(7));
        }
    };
    struct GroupPartition {
        std::int32_t partition_index{};
        std::int64_t committed_offset{};
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata = "";
        ErrorCode error_code{};
        static constexpr void fields(auto& m, auto& f) {
            f("partitionIndex", m.partition_index, since(8));
            f("committedOffset", m.committed_offset, since(8));
            f("committedLeaderEpoch", m.committed_leader_epoch, since(8));
            f("metadata", m.metadata, since(8).nullable(8));
            f("errorCode", m.error_code, since(8));
        }
    };
    struct GroupTopic {
        std::string name;
        Uuid topic_id;
        std::vector<GroupPartition> partitions;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(8).until(9));
            f("topicId", m.topic_id, since(10));
            f("partitions", m.partitions, since(8));
        }
    };
    struct Group {
        std::string group_id;
        std::vector<GroupTopic> topics;
        ErrorCode error_code{};
        static constexpr void fields(auto& m, auto& f) {
            f("groupId", m.group_id, since(8));
            f("topics", m.topics, since(8));
            f("errorCode", m.error_code, since(8));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Topic> topics;
    ErrorCode error_code{};
    std::vector<Group> groups;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(3));
        f("topics", m.topics, since(0).until(7));
        f("errorCode", m.error_code, since(2).until(7));
        f("groups", m.groups, since(8));
    }
};

}   // namespace sluice::kafka
