// Classic consumer groups of one world: carries out what a group's membership decides (answers, timers, the store) and keeps
// committed offsets. A restarted server is joined by heartbeats as if nothing had been. A join or sync that has to wait is a
// Reply that somebody else's request, or a timer, gives later.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/groups/membership.h"
#include "emulator/kafka/groups/offsets.h"
#include "emulator/streams/engine.h"

namespace sluice::kafka {

// An answer that may come later; whoever waits watches `given`.
template <class Response>
struct Reply {
    std::optional<Response> value;
    Parked number = 0;
    Signal given;
    void give(Response response) {
        value = std::move(response);
        given.fire();
    }
};
using JoinReply = std::shared_ptr<Reply<JoinGroupResponse>>;
using SyncReply = std::shared_ptr<Reply<SyncGroupResponse>>;

struct Group {
    Group(std::string the_id, Membership::Rules rules) : id(std::move(the_id)), members(rules) {}

    std::string id;
    Membership members;
    Time empty_since{};                          // virtual time
    std::set<std::string, std::less<>> topics;   // what the members of generation `indexed` read
    std::int32_t indexed = 0;
    Time due{};   // not before then does an offset expire; virtual time
    std::uint64_t wait_armed = 0;
    Timer wait;
    std::optional<Time> session_armed;
    Timer session;
};
using GroupPointer = std::shared_ptr<Group>;

class Groups {
  public:
    static constexpr std::int32_t longest_metadata = 4'096;   // offset.metadata.max.bytes

    Groups(streams::Engine&, streams::World&, const Configs&);
    ~Groups();   // answers who waits
    Groups(const Groups&) = delete;
    Groups& operator=(const Groups&) = delete;

    JoinReply join(const Join&);
    SyncReply sync(const SyncGroupRequest&);
    // The connection of a waiting join or sync ended.
    void gone(std::string_view group, Parked);
    ErrorCode heartbeat(std::string_view group, std::string_view member, std::optional<std::string_view> instance,
                        std::int32_t generation);
    // Answered when the ticket is committed, as all that changes something.
    struct Changed {
        ErrorCode code{};
        streams::Ticket ticket{};
    };
    Changed leave(std::string_view group, std::string_view member, std::optional<std::string_view> instance);
    Changed remove(std::string_view group);

    const Group* find(std::string_view id) const;
    void each(const std::function<void(const Group&)>&) const;

    // May this caller commit? `version` because an unknown group has two codes (22 up to v8, 69 from v9).
    ErrorCode may_commit(std::string_view group, std::string_view member, std::optional<std::string_view> instance,
                         std::int32_t generation, int version);
    streams::Ticket commit(std::string_view group, const Partition&, CommittedOffset);
    const Offsets& offsets() const { return offsets_; }

    // ---- what the engine tells ----
    // A shard was sealed: groups that read the stream rebalance, and start the children at their beginning.
    void resharded(const streams::Stream&, const streams::Shard&);
    void enlarged(const streams::Stream&);   // groups that read the stream rebalance
    void forget_topic(const streams::Uuid&);
    void unstored(std::string_view key);   // what the store holds under it is what counts again
    // For a reset: answers who waits and forgets all that memory holds. Whoever holds a reference to this may go on.
    void clear();

    // How many things are kept in memory.
    std::size_t kept() const;

  private:
    GroupPointer get(std::string_view id) const;
    GroupPointer make(std::string_view id);
    void forget_if_blank(const GroupPointer&);
    void load();
    streams::Ticket carry_out(const GroupPointer&, Decision);
    void tell_when_stored(const GroupPointer&, std::uint64_t number, const streams::Ticket&);
    void give(Decision&);
    void arm(const GroupPointer&);
    void arm_session(const GroupPointer&);
    streams::Ticket save(const Group&);
    std::string fresh_id(std::string_view prefix);
    void index_topics(Group&);
    void unindex_topics(Group&);
    std::vector<GroupPointer> readers_of(const streams::Stream&) const;

    // ---- expiry.cpp ----
    void due_at(Group&, Time);
    void plan_expiry(Group&);
    void arm_expiry();
    void expire(const GroupPointer&);
    Clock& clock() { return *world_.clock; }

    streams::Engine& engine_;
    streams::World& world_;
    milliseconds shortest_session_, longest_session_, retention_, check_interval_;
    Membership::Rules rules_;
    Offsets offsets_;
    std::map<std::string, GroupPointer, std::less<>> groups_;
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> readers_;   // topic -> groups that read it
    std::set<std::pair<Time, std::string>> due_;                                       // one entry a group that has a time
    std::optional<Time> expiry_armed_;
    Timer expiry_;
    Parked waiting_ = 0;
    std::unordered_map<Parked, JoinReply> joins_;
    std::unordered_map<Parked, SyncReply> syncs_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);   // who waits for the store asks first
};

}   // namespace sluice::kafka
