// Groups of one world, whatever protocol their members speak: carries out what a group's membership decides (answers, timers,
// the store) and keeps committed offsets. A restarted server is joined by heartbeats as if nothing had been. A join or sync that
// has to wait is a Reply that somebody else's request, or a timer, gives later; so is the heartbeat of a consumer group's member
// for whom there is nothing new.
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
#include "emulator/kafka/groups/modern_groups.h"
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

enum class GroupType : std::uint8_t { classic, consumer, streams };
std::string_view name_of(GroupType);   // as ListGroups says it

struct Group {
    Group(std::string the_id, Membership::Rules rules) : id(std::move(the_id)), members(rules) {}

    std::string id;
    Membership members;                                                 // of a classic group
    std::unique_ptr<ConsumerMembership> consumer;                       // of a consumer group (KIP-848)
    std::unique_ptr<StreamsMembership> streams;                         // of a group of Kafka Streams (KIP-1071)
    std::map<std::string, std::shared_ptr<Signal>, std::less<>> held;   // heartbeats that wait for news, by member

    template <class Kind>
    auto& part() {
        if constexpr (std::same_as<Kind, ConsumerKind>)
            return consumer;
        else
            return streams;
    }
    GroupType type() const;
    bool empty() const;                       // no members
    bool stable() const;                      // each member owns what it is to own
    bool blank() const;                       // nothing that anybody could miss
    std::string_view state_name() const;      // as Kafka's tools show it
    std::string_view protocol_type() const;   // empty: it never had members

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

class Access;

class Groups {
  public:
    static constexpr std::int32_t longest_metadata = 4'096;   // offset.metadata.max.bytes

    Groups(streams::Engine&, streams::World&, const Configs&, Access&);
    ~Groups();   // answers who waits
    Groups(const Groups&) = delete;
    Groups& operator=(const Groups&) = delete;

    JoinReply join(const Join&);
    SyncReply sync(const SyncGroupRequest&);
    // The connection of a waiting join or sync ended.
    void gone(std::string_view group, Parked);
    ErrorCode heartbeat(std::string_view group, std::string_view member, std::optional<std::string_view> instance,
                        std::int32_t generation);
    // Of a modern group. Answered when the tickets are committed. With `news` there is nothing to tell: the answer may wait
    // until it fires or for as long as `hold`, and is then asked for by `news`.
    template <class Kind>
    struct Beat {
        typename Kind::Response response;
        streams::Ticket ticket{};
        std::shared_ptr<Signal> news{};
        milliseconds hold{};
        std::vector<streams::Ticket> topics{};   // internal ones that were made for a member of Kafka Streams
    };
    Beat<ConsumerKind> heartbeat(const ConsumerBeat&, int version);
    using MayCreate = std::function<bool(std::string_view topic)>;
    Beat<StreamsKind> heartbeat(const StreamsBeat&, const MayCreate&);
    template <class Kind>
    Beat<Kind> news(std::string_view group, std::string_view member);
    // Answered when the ticket is committed, as all that changes something.
    struct Changed {
        ErrorCode code{};
        streams::Ticket ticket{};
    };
    Changed leave(std::string_view group, std::string_view member, std::optional<std::string_view> instance);
    Changed remove(std::string_view group);

    const Group* find(std::string_view id) const;
    // Share groups are kept elsewhere (emulator/kafka/share), and ids are one set for groups of all kinds.
    std::function<bool(std::string_view id)> is_share_group = [](std::string_view) { return false; };
    // Why there is no group of that kind under the id: "Group g is not a share group.", or "Group g not found.".
    std::string none_of_kind(std::string_view id, std::string_view kind) const;
    void each(const std::function<void(const Group&)>&) const;

    // May this caller commit? `version` because an unknown group has two codes (22 up to v8, 69 from v9).
    ErrorCode may_commit(std::string_view group, std::string_view member, std::optional<std::string_view> instance,
                         std::int32_t generation, int version);
    // The same of offsets that a transaction commits. `known`: it has some of this group already.
    ErrorCode may_commit_in_transaction(std::string_view group, std::string_view member, std::optional<std::string_view> instance,
                                        std::int32_t generation, bool known);
    // May this caller read what is committed? `epoch` -1: from outside.
    ErrorCode may_fetch(std::string_view group, const std::optional<std::string_view>& member, std::int32_t epoch) const;
    streams::Ticket commit(std::string_view group, const Partition&, CommittedOffset);
    streams::Ticket erase_offset(std::string_view group, const Partition&);
    const Offsets& offsets() const { return offsets_; }
    ConsumerRules consumer_rules(std::string_view group) const;

    // ---- what the engine tells ----
    // A shard was sealed: groups that read the stream rebalance, and start the children at their beginning.
    void resharded(const streams::Stream&, const streams::Shard&);
    void enlarged(const streams::Stream&);       // groups that read the stream rebalance
    void forget_topic(const streams::Stream&);   // it goes
    void unstored(std::string_view key);         // what the store holds under it is what counts again
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

    void make_classic(Group&);
    void erase_group(const Group&);
    void look_for_topics();

    // ---- modern_groups.cpp ----
    template <class Kind>
    typename Kind::Rules rules_of(std::string_view group) const {
        if constexpr (std::same_as<Kind, ConsumerKind>)
            return consumer_rules(group);
        else
            return streams_rules(group);
    }
    ConsumerMembership::Around around(const ConsumerRules& rules) const { return {world_.clock->live(), rules, topics_}; }
    StreamsMembership::Around around(const StreamsRules& rules) const { return {world_.clock->live(), rules, topics_}; }
    template <class Kind>
    GroupPointer modern_group(std::string_view id, std::int32_t epoch, std::optional<GroupFault>&);
    template <class Kind>
    void hold(const GroupPointer&, const std::string& member, Beat<Kind>&, milliseconds);
    template <class Kind>
    streams::Ticket carry_out_members(const GroupPointer&);
    template <class Kind>
    void change_topics(const GroupPointer&);
    template <class Kind>
    void arm_members(const GroupPointer&);
    template <class Kind>
    streams::Ticket save_members(Group&);
    template <class Kind>
    void restore_group(const GroupPointer&, const typename Kind::StoredGroup&);
    template <class Kind>
    void load_members();
    template <class Kind>
    bool reload_members(std::string_view key);
    void load_modern();
    bool reload_modern(std::string_view key);
    void topics_changed(const GroupPointer&);

    // ---- classic_migration.cpp ----
    std::string migration_policy() const;
    bool may_upgrade(const Group&) const;
    bool may_downgrade(const Group&) const;
    void upgrade(const GroupPointer&);
    void downgrade(const GroupPointer&);
    void join_consumers(const GroupPointer&, const Join&, const JoinReply&);
    Changed leave_consumers(const GroupPointer&, std::string_view member, std::optional<std::string_view> instance);

    // ---- streams_groups.cpp ----
    StreamsRules streams_rules(std::string_view group) const;
    std::vector<streams::Ticket> make_internal_topics(const std::vector<StreamsTopology::InternalTopic>&);

    // ---- expiry.cpp ----
    void due_at(Group&, Time);
    void plan_expiry(Group&);
    void arm_expiry();
    void expire(const GroupPointer&);
    Clock& clock() { return *world_.clock; }

    // Looks for topics that members wait for when the world has got others, or patterns may find others.
    struct NewTopics final : Follower {
        explicit NewTopics(Groups& the_groups) : groups(the_groups) {}
        void fired() override;
        Groups& groups;
        bool looks = false;
    };
    // Topics as consumer groups see them.
    struct Topics : TopicTable {
        explicit Topics(const Groups& the_groups) : groups(the_groups) {}
        std::optional<TopicSize> find(std::string_view name) const override;
        void each_name(const std::function<void(std::string_view)>&) const override;
        bool may_see(std::string_view name, std::string_view principal, std::string_view host) const override;
        const Groups& groups;
        const streams::Stream* going = nullptr;   // is told of while it can still be found
    };

    streams::Engine& engine_;
    streams::World& world_;
    const Configs& configs_;
    const Access& access_;
    milliseconds shortest_session_, longest_session_, retention_, check_interval_;
    Membership::Rules rules_;
    Offsets offsets_;
    std::map<std::string, GroupPointer, std::less<>> groups_;
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> readers_;   // topic -> groups that read it
    std::set<std::string, std::less<>> pattern_readers_;                               // consumer groups that read by a pattern
    std::set<std::string, std::less<>> awaited_;   // topics that members of consumer groups read and that are not there
    Topics topics_{*this};
    NewTopics new_topics_{*this}, new_rights_{*this};
    std::set<std::pair<Time, std::string>> due_;   // one entry a group that has a time
    std::optional<Time> expiry_armed_;
    Timer expiry_;
    Parked waiting_ = 0;
    std::unordered_map<Parked, JoinReply> joins_;
    std::unordered_map<Parked, SyncReply> syncs_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);   // who waits for the store asks first
};

}   // namespace sluice::kafka
