// Rule 15: a group that reads a stream learns of its split or merge by a rebalance, and starts the children at their beginning.
#include "emulator/kafka/groups/group_states.h"
#include "protocol/kafka/messages/consumer_protocol.h"

namespace sluice::kafka {

bool Groups::subscribed(const Group& group, std::string_view topic) const {
    if (group.protocol_type != "consumer") return false;
    for (const auto& [id, member] : group.members) {
        const auto* metadata = metadata_for(*member, group.protocol);
        if (!metadata || metadata->size() < 2) continue;
        Reader version{Bytes{*metadata}};
        const int written = version.integer<std::int16_t>();
        Arena arena;
        ConsumerProtocolSubscription subscription;
        if (written < 0 ||
            !decode(version.rest(), std::min<int>(written, ConsumerProtocolSubscription::api.max), arena, subscription))
            continue;
        if (std::ranges::find(subscription.topics, topic) != subscription.topics.end()) return true;
    }
    return false;
}

void Groups::resharded(streams::Stream& stream, streams::Shard& shard) {
    for (auto& [id, group] : groups_) {
        if (!subscribed(*group, stream.name)) continue;
        // Its members may have read nothing of the parent yet; what the children got since then must not be missed.
        for (const auto child : shard.children) {
            if (!group->offsets.contains({stream.topic_id, child}))
                commit(id, {stream.topic_id, child}, {.offset = 0, .leader_epoch = -1, .metadata = {}});
        }
        if (group->state == GroupState::stable || group->state == GroupState::completing) rebalance(*group);
    }
}

}   // namespace sluice::kafka
