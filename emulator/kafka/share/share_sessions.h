// Share sessions (KIP-932): what a member of a share group fetches is remembered between its requests, under its group and its
// id. A session goes with its connection, and what its member holds goes back to the group then, so that another consumer need
// not wait for the locks to end. A partition of which nothing is new lies in `quiet` and is not looked at.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "emulator/kafka/logs/fetch_sessions.h"
#include "protocol/kafka/messages/share_fetch.h"

namespace sluice::kafka {

struct ShareSession {
    streams::World* world{};
    std::string group, member;
    std::int32_t epoch = 1;   // of the next request
    const void* owner{};      // the connection
    std::uint32_t holder{};   // under which the backlogs know the member
    FetchPartitions partitions;
    Signal over;   // for the last time
};
using ShareSessionPointer = std::shared_ptr<ShareSession>;

class ShareSessions {
  public:
    static constexpr std::int32_t first_epoch = 0, last_epoch = -1;

    struct Opened {
        ErrorCode error = ErrorCode::none;
        ShareSessionPointer session{};
    };
    // `at_most`: so many there may be (group.share.max.share.sessions).
    Opened open(streams::World&, const ShareFetchRequest&, const void* owner, std::size_t at_most);
    // The session of a request that fetches nothing; epoch -1 is right as well.
    Opened go_on(streams::World&, std::string_view group, std::string_view member, std::int32_t epoch);
    void close(const ShareSession&);
    void drop_member(streams::World&, std::string_view group, std::string_view member);
    void drop_owner(const void* owner);
    void drop_world(streams::World&);
    std::size_t size() const { return sessions_.size(); }

    // Gives back what the session's member holds.
    std::function<void(const ShareSession&)> on_close;

  private:
    using Key = std::tuple<streams::World*, std::string, std::string>;
    void close(const Key&);
    std::map<Key, ShareSessionPointer> sessions_;
    std::map<const void*, std::set<Key>> of_owner_;
    std::uint32_t holders_ = 0;
};

}   // namespace sluice::kafka
