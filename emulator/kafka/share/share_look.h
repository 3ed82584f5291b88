// What a ShareFetch does with the partitions of its session: acknowledgements that came with it, and one look at those that are
// due, which acquires what is there.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "emulator/kafka/call.h"
#include "emulator/kafka/share/acknowledging.h"
#include "emulator/kafka/share/share_groups.h"
#include "emulator/kafka/share/share_sessions.h"
#include "emulator/kafka/topics.h"

namespace sluice::kafka {

using SharePartition = ShareFetchResponse::Topic::Partition;
using SharePlace = std::pair<Uuid, std::int32_t>;

struct ShareFound {
    std::map<SharePlace, SharePartition> told;
    std::vector<std::pair<SharePlace, streams::Ticket>> stored;                   // what the answer waits for
    std::vector<std::pair<streams::StreamPointer, const streams::Shard*>> cold;   // have records that only a disk has yet
    std::int64_t bytes = 0;
    std::int32_t records = 0;
    bool error = false;
    milliseconds throttle{0};
    SharePartition& at(const SharePlace& place) {
        auto& partition = told[place];
        partition.partition_index = place.second;
        return partition;
    }
};

// Which partition a request means: or the code that says why none.
struct ShareTarget {
    streams::StreamPointer stream;
    const streams::Shard* shard{};
    ErrorCode error = ErrorCode::none;
};
ShareTarget share_target(Call&, const SharePlace&);
ShareTarget readable_share_target(Call&, const SharePlace&);   // that the client may read

// Of ShareFetch and ShareAcknowledge; `tell` gets what became of each partition that has acknowledgements.
template <class Request>
void acknowledge_all(Call& call, const Request& request, const ShareRules& rules, const Acknowledging& how, auto tell) {
    auto& groups = call.broker.share_groups(call.world);
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            if (partition.acknowledgement_batches.empty()) continue;
            const SharePlace place{topic.topic_id, partition.partition_index};
            const auto target = readable_share_target(call, place);
            if (!target.shard) {
                tell(place, Acknowledged{target.error, {}}, streams::Ticket{});
                continue;
            }
            auto* known = groups.find_topic(*request.group_id, target.stream->topic_id);
            if (known) known->backlog->give_up_after(rules.deliveries);
            auto said = acknowledge(known ? known->backlog.get() : nullptr, place.second, how, partition.acknowledgement_batches);
            tell(place, std::move(said), known ? known->backlog->store() : streams::Ticket{});
        }
    }
}

class ShareLook {
  public:
    ShareLook(Call& call, const ShareFetchRequest& request, const ShareRules& rules, ShareSession& session, ShareFound& found)
        : call_(call), request_(request), rules_(rules), session_(session), found_(found) {}

    // How much lies at hand in the partitions that are due, as far as it matters for minBytes.
    std::int64_t bytes_at_hand() const;
    // Acquires; those without news are due no more.
    void acquire() const;

  private:
    streams::Backlog::Wish wish() const;
    // Nothing: `error` says why.
    ShareTopic* open(Wanted&, const ShareTarget&) const;
    bool look_at(Wanted&) const;   // true: there may be more

    Call& call_;
    const ShareFetchRequest& request_;
    const ShareRules& rules_;
    ShareSession& session_;
    ShareFound& found_;
};

}   // namespace sluice::kafka
