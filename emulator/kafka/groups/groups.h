// Classic consumer groups and committed offsets of one world. Members and generations live in memory and, once a
// generation has its assignment, in the store, so that a restarted server is joined by heartbeats as if nothing had been.
// A join or sync that has to wait is a Reply that somebody else's request, or a timer, gives later. All times are liveness
// times (rule 5): a jump of the clock moves them along.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "emulator/kafka/configs/configs.h"
#include "emulator/streams/engine.h"
#include "protocol/kafka/messages/join_group.h"
#include "protocol/kafka/messages/sync_group.h"

namespace sluice::kafka {

// An answer that may come later; whoever waits watches `given`.
template <class Response>
struct Reply {
    std::optional<Response> value;
    Signal given;
    void give(Response response) {
        value = std::move(response);
        given.fire();
    }
};
using JoinReply = std::shared_ptr<Reply<JoinGroupResponse>>;
using SyncReply = std::shared_ptr<Reply<SyncGroupResponse>>;

enum class GroupState : std::uint8_t { empty, preparing, completing, stable };
std::string_view name_of(GroupState);   // Kafka's: Empty, PreparingRebalance, CompletingRebalance, Stable

struct Member {
    std::string id;
    std::optional<std::string> instance;
    std::string client_id, client_host;
    milliseconds session_timeout{}, rebalance_timeout{};
    std::vector<std::pair<std::string, Blob>> protocols;   // name, metadata; by preference
    Blob assignment;
    JoinReply joining;   // waits for the others
    SyncReply syncing;   // waits for the leader
    int join_version = 0;
    bool synced = false;
    Time alive_until{};   // pushed on by every sign of life; the timer looks again when it fires
    Timer expiry;
};

struct CommittedOffset {
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;
    std::string metadata;
};
using Partition = std::pair<streams::Uuid, std::int32_t>;   // by topic id: a re-created topic starts afresh

struct Group {
    std::string id, protocol_type, protocol, leader;
    GroupState state = GroupState::empty;
    std::int32_t generation = 0;
    std::map<std::string, std::unique_ptr<Member>> members;   // by member id
    std::map<std::string, std::string> instances;             // instance id -> member id
    std::deque<std::string> promised;                         // ids told with 79, not yet joined
    std::map<Partition, CommittedOffset> offsets;
    streams::Ticket assigned;   // the commit of this generation's assignment
    Timer rebalance;            // the initial delay, the wait for joins, or the wait for syncs
    Time initial_until{};       // the initial delay is not extended beyond
    bool newcomers = false;     // somebody joined since the initial delay was last armed
};

// A join from the wire with what its connection knows.
struct Join {
    const JoinGroupRequest& request;
    int version;
    std::string client_id, client_host;
};

class Groups {
  public:
    static constexpr std::size_t longest_id = 255;   // a key in the store has a limit
    static constexpr std::size_t most_promised = 10'000;
    static constexpr std::int32_t longest_metadata = 4'096;   // offset.metadata.max.bytes

    // `remembered`: begin with what the store holds.
    Groups(streams::Engine&, streams::World&, const Configs&, bool remembered = true);
    ~Groups();   // answers who waits
    Groups(const Groups&) = delete;
    Groups& operator=(const Groups&) = delete;

    JoinReply join(const Join&);
    // Its answer may go out once `Group::assigned` is committed: an assignment outlives the server that gave it.
    SyncReply sync(const SyncGroupRequest&);
    // That commit failed: the members are to join again.
    void unassign(std::string_view group, std::int32_t generation);
    // The connection of a waiting join ended: a dynamic member goes, a static one has its session to come back.
    void abandon(std::string_view group, const JoinReply&);
    ErrorCode heartbeat(std::string_view group, std::string_view member, std::optional<std::string_view> instance,
                        std::int32_t generation);
    ErrorCode leave(std::string_view group, std::string_view member, std::optional<std::string_view> instance);

    const Group* find(std::string_view id) const;
    void each(const std::function<void(const Group&)>&) const;
    ErrorCode remove(std::string_view id);

    // May this caller commit? `version` because an unknown group has two codes (22 up to v8, 69 from v9).
    ErrorCode may_commit(std::string_view group, std::string_view member, std::optional<std::string_view> instance,
                         std::int32_t generation, int version);
    streams::Ticket commit(std::string_view group, const Partition&, const CommittedOffset&);
    // After a failed commit: what the store holds is what counts.
    void reread(std::string_view group, const Partition&);
    // Rule 15: a child without an offset whose ancestor has one starts at its log start.
    std::optional<CommittedOffset> offset(std::string_view group, const streams::Stream&, std::int32_t partition);

    // A shard was sealed: groups that read the stream rebalance, and start the children at their beginning.
    void resharded(streams::Stream&, streams::Shard&);
    void forget_topic(const streams::Uuid&);

  private:
    Group* get(std::string_view id);
    Group& make(std::string_view id);
    Member* member_of(Group&, std::string_view member, std::optional<std::string_view> instance, ErrorCode&);
    JoinReply join_static(Group&, const Join&, const JoinReply&);
    void join_dynamic(Group&, const Join&, const JoinReply&);
    Member& add(Group&, const Join&, std::string id);
    void update(Member&, const Join&);
    void rejoin(Group&, Member&, const Join&, const JoinReply&);
    void rebalance(Group&);
    void all_joined(Group&);
    void complete(Group&);
    void settle(Group&);   // an assignment is there
    void give_current(Group&, Member&, const JoinReply&);
    void drop(Group&, Member&);
    void sign_of_life(Group&, Member&);
    void watch(Group&, Member&);
    void after_drop(Group&);
    std::string select_protocol(const Group&) const;
    milliseconds longest_rebalance(const Group&) const;
    void arm(Group&, milliseconds, void (Groups::*)(Group&));
    void initial_delay_over(Group&);
    void joins_overdue(Group&);
    void syncs_overdue(Group&);
    void promises_over(Group&);
    bool subscribed(const Group&, std::string_view topic) const;
    std::string fresh_id(std::string_view prefix);
    void load();
    streams::Ticket save(const Group&);
    Clock& clock() { return *world_.clock; }

    streams::Engine& engine_;
    streams::World& world_;
    milliseconds initial_delay_, shortest_session_, longest_session_;
    std::size_t largest_;
    std::map<std::string, std::unique_ptr<Group>, std::less<>> groups_;
};

}   // namespace sluice::kafka
