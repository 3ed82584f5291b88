// What one connection knows of the topics that it fetches. When a shard is sealed, or partitions come without a seal, it is told
// once, as NOT_LEADER_OR_FOLLOWER of one partition: so its client asks for metadata at once (rule 15).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "emulator/streams/stream.h"

namespace sluice::kafka {

class TopicNews {
  public:
    // Kept with a partition, so that what is known already costs no search.
    struct Seen {
        bool open = false;
        std::uint32_t dealt = 0;
    };
    // Whether there is something to tell of this partition now; it counts as told.
    bool untold(const streams::Stream& stream, const streams::Shard& shard, Seen& seen) {
        if (!shard.sealed && seen.open && seen.dealt == stream.dealt) return false;
        const auto [at, fresh] = topics_.try_emplace(stream.topic_id);
        auto& topic = at->second;
        const bool grown = !fresh && topic.dealt != stream.dealt;
        topic.dealt = seen.dealt = stream.dealt;
        const auto index = static_cast<std::size_t>(shard.index);
        if (topic.open.size() <= index) topic.open.resize(index + 1);
        const bool was_open = topic.open[index];
        topic.open[index] = seen.open = !shard.sealed;
        return grown || (was_open && shard.sealed);
    }

  private:
    struct Topic {
        std::uint32_t dealt = 0;
        std::vector<bool> open;   // by partition: fetched by this connection while it was open
    };
    std::map<streams::Uuid, Topic> topics_;
};

}   // namespace sluice::kafka
