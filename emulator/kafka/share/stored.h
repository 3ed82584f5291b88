// What of share groups is in the store besides their backlogs (emulator/streams/queues/backlog.h), in the schema that messages on
// the wire use. Keys: "kafka/share/group/" id; "kafka/share/topic/" id, NUL, topic id (16 bytes); a backlog's begin with
// "kafka/share/taken/" id, NUL, topic id.
#pragma once

#include <string>
#include <vector>

#include "emulator/kafka/groups/stored.h"

namespace sluice::kafka {

// A group with its members; one without members stays until somebody deletes it.
struct StoredShareGroup {
    static constexpr Api api{.key = -1, .name = "StoredShareGroup", .min = 0, .max = 0, .flexible_from = 0};
    struct Member {
        std::string id, client_id, client_host;
        std::optional<std::string> rack;
        std::int32_t epoch{};
        std::vector<std::string> topics;
        static constexpr void fields(auto& m, auto& f) {
            f("id", m.id, since(0));
            f("clientId", m.client_id, since(0));
            f("clientHost", m.client_host, since(0));
            f("rack", m.rack, since(0).nullable(0));
            f("epoch", m.epoch, since(0));
            f("topics", m.topics, since(0));
        }
    };
    std::int32_t epoch{};
    std::vector<Member> members;
    static constexpr void fields(auto& m, auto& f) {
        f("epoch", m.epoch, since(0));
        f("members", m.members, since(0));
    }
};

// A topic that a group reads. Where it begins in the partitions that there were is decided at the first fetch of each
// (share.auto.offset.reset); those to come are read from their beginning, so that nothing is missed when a shard is split.
struct StoredShareTopic {
    static constexpr Api api{.key = -1, .name = "StoredShareTopic", .min = 0, .max = 0, .flexible_from = 0};
    std::int32_t partitions{};
    static constexpr void fields(auto& m, auto& f) { f("partitions", m.partitions, since(0)); }
};

inline constexpr std::string_view share_group_prefix = "kafka/share/group/", share_topic_prefix = "kafka/share/topic/",
                                  share_taken_prefix = "kafka/share/taken/";

}   // namespace sluice::kafka
