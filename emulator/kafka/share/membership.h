// Who is in a share group and which partitions each member reads: a plain machine that is given the time, a heartbeat and the
// topics there are. It reads no clock, stores nothing and answers nobody. Members do not own what they are assigned, so nobody
// has to let go of a partition first: a member has its new assignment with its next heartbeat. Codes, order of checks and
// sentences as seen on Kafka 4.4.0.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/kafka/share/stored.h"
#include "emulator/runtime/clock.h"
#include "protocol/kafka/messages/share_group_heartbeat.h"

namespace sluice::kafka {

// Partitions by topic id.
using ShareAssignment = std::map<streams::Uuid, std::vector<std::int32_t>>;
struct ShareTopicSize {
    streams::Uuid id{};
    std::vector<std::int32_t> partitions;   // that can be read
    bool operator==(const ShareTopicSize&) const = default;
};
using FindShareTopic = std::function<std::optional<ShareTopicSize>(std::string_view name)>;

struct ShareMember {
    std::string id, client_id, client_host;
    std::optional<std::string> rack;
    std::int32_t epoch = 0, previous_epoch = 0;
    std::set<std::string, std::less<>> topics;
    ShareAssignment assignment;
    std::optional<ShareAssignment> told;   // by the last answer; nothing: it is to be told
    Time alive_until{};                    // live time
};

// A group's id is a part of its stored keys, which a NUL ends and which are not of any length.
inline bool good_share_group(std::string_view id) {
    constexpr std::size_t longest = 400;
    return !id.empty() && id.size() <= longest && id.find('\0') == std::string_view::npos;
}

class ShareMembership {
  public:
    struct Rules {
        milliseconds session{}, heartbeat{};
        std::size_t largest{};
    };
    struct Beat {
        const ShareGroupHeartbeatRequest& request;
        std::string client_id, client_host;
    };
    // What of a request is wrong whatever group it names.
    static std::optional<ShareGroupHeartbeatResponse> fault_of(const ShareGroupHeartbeatRequest&);

    ShareGroupHeartbeatResponse heartbeat(Time now, const Rules&, const Beat&, const FindShareTopic&);
    // The topics have other partitions than before. True: somebody is to be told.
    bool reassign(const FindShareTopic&);
    std::vector<std::string> sessions_over(Time now, const FindShareTopic&);   // who was thrown out
    std::optional<Time> next_session() const;

    const std::map<std::string, ShareMember, std::less<>>& members() const { return members_; }
    std::int32_t epoch() const { return epoch_; }
    std::set<std::string, std::less<>> topics() const;   // that somebody reads
    // Whether it is to be stored; asking answers for all that happened so far.
    bool take_changed() { return std::exchange(changed_, false); }

    StoredShareGroup to_store() const;
    void restore(const StoredShareGroup&, Time now, milliseconds session, const FindShareTopic&);

  private:
    ShareGroupHeartbeatResponse leave(const ShareGroupHeartbeatRequest&, const FindShareTopic&);
    void assign(const FindShareTopic&);
    std::map<std::string, ShareMember, std::less<>> members_;
    std::int32_t epoch_ = 1;   // of a group that nobody joined, so that its first member comes at 2
    bool changed_ = false;
};

ShareGroupHeartbeatResponse refused_share(ErrorCode, std::optional<std::string> text = {});

}   // namespace sluice::kafka
