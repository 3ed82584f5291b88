// Who is in a consumer group and what each owns (KIP-848): a plain machine that is given the time, a heartbeat and the topics,
// and returns the answer. It reads no clock, arms no timer, stores nothing; who carries it out takes `take_changes` after each
// call, stores what they name and arms a timer for `next_due`.
//   group epoch -> target assignment of that epoch -> each member gives back what it is to lose, then is given what is free
// Codes, texts and order of checks are those of Kafka 4.4.0, seen side by side. All times are liveness times (rule 5).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "emulator/kafka/groups/assignment.h"
#include "emulator/kafka/groups/deadlines.h"
#include "emulator/kafka/groups/membership.h"
#include "emulator/kafka/groups/stored_consumers.h"
#include "emulator/kafka/groups/topic_pattern.h"
#include "emulator/kafka/groups/topic_table.h"
#include "protocol/kafka/messages/consumer_group_heartbeat.h"

namespace sluice::kafka {

enum class ConsumerGroupState : std::uint8_t { empty, assigning, reconciling, stable };
std::string_view name_of(ConsumerGroupState);   // Kafka's: Empty, Assigning, Reconciling, Stable

// Of a member that speaks the classic protocol (consumer_classic.cpp).
struct ClassicPart {
    milliseconds session{};
    std::vector<std::pair<std::string, Blob>> protocols{};   // name, metadata; by preference; never empty
    bool operator==(const ClassicPart&) const = default;
};

struct ConsumerMember {
    enum class Place : std::uint8_t {
        stable,
        unrevoked,    // is to give something back first
        unreleased,   // waits for what another has to give back
    };
    std::string id;
    std::optional<std::string> instance, rack;
    std::string client_id, client_host, principal;
    std::int32_t epoch = 0, previous_epoch = 0;
    milliseconds rebalance_timeout{};
    std::set<std::string, std::less<>> names;
    std::string regex, assignor;   // empty: none
    Place place = Place::stable;
    Assignment assigned, revoking, target;
    std::optional<ClassicPart> classic;

    bool away() const { return epoch == -2; }   // a static member that left for a while
    bool operator==(const ConsumerMember&) const = default;
};

// A heartbeat from the wire with what its connection knows.
struct ConsumerBeat {
    const ConsumerGroupHeartbeatRequest& request;
    std::string client_id, client_host, principal{};
};

struct ConsumerRules {
    milliseconds session{45'000};                             // consumer.session.timeout.ms
    milliseconds heartbeat{5'000};                            // told to members
    milliseconds assignment_interval{0};                      // consumer.assignment.interval.ms
    std::size_t largest = std::size_t(-1);                    // group.consumer.max.size
    std::vector<std::string> assignors{"uniform", "range"};   // group.consumer.assignors
};

// What is refused, in Kafka's words.
struct GroupFault {
    ErrorCode code{};
    std::string text;
};
ConsumerGroupHeartbeatResponse refused_heartbeat(GroupFault);

// Static members (KIP-345) of a modern group: who leaves for a while keeps the place, and whoever names the instance next takes
// it over.
using Instances = std::map<std::string, std::string, std::less<>>;   // instance id -> member id
// Of a member that is not joining.
std::optional<GroupFault> static_fault(const Instances&, std::string_view instance, std::string_view member);
GroupFault unreleased_instance(std::string_view instance, std::string_view holder, std::string_view member);

// What is wrong with a heartbeat whatever group it is for.
std::optional<GroupFault> fault_of(const ConsumerGroupHeartbeatRequest&, int version, const ConsumerRules&);

// Whether its members say what consumers say, so that it can become a consumer group.
bool consumers_can_be_read(const StoredGroup&);

class ConsumerMembership {
  public:
    struct Around {
        Time now;
        const ConsumerRules& rules;
        const TopicTable& topics;
    };
    explicit ConsumerMembership(std::string group) : group_(std::move(group)) {}

    // `id`: the member's, or a fresh one when it brings none. The request has no `fault_of` and is no leave.
    ConsumerGroupHeartbeatResponse heartbeat(const Around&, const ConsumerBeat&, const std::string& id);
    ConsumerGroupHeartbeatResponse leave(const Around&, const ConsumerGroupHeartbeatRequest&);
    // ---- members of the classic protocol, answered at once (consumer_classic.cpp). `fresh`: the id of one that brings none ----
    JoinGroupResponse join_classic(const Around&, const Join&, const std::string& fresh);
    SyncGroupResponse sync_classic(const Around&, const SyncGroupRequest&);
    ErrorCode heartbeat_classic(const Around&, std::string_view member, std::optional<std::string_view> instance,
                                std::int32_t generation);
    // Also of a member of either protocol that an admin removes.
    ErrorCode leave_classic(const Around&, std::string_view member, std::optional<std::string_view> instance);
    bool all_classic() const;
    // Takes over who is in a classic group, with what each owns; and what such a group is to go on with.
    void adopt(const StoredGroup&, const Around&);
    StoredGroup to_classic() const;
    // What a member is told that has nothing to say itself.
    ConsumerGroupHeartbeatResponse tell(const Around&, const std::string& id);
    // Whether `tell` would tell something.
    bool has_news(std::string_view id) const;
    // Topics came, went, or got other partitions.
    void topics_changed(const Around&);
    // A session ended, or a member did not give back in time what it is to lose.
    std::optional<Time> next_due() const;
    void overdue(const Around&);
    // May this member commit, or read what is committed, with this epoch? A commit from outside is for empty groups only.
    ErrorCode may_commit(std::string_view member, std::int32_t epoch, int version) const;
    ErrorCode may_fetch(const std::optional<std::string_view>& member, std::int32_t epoch) const;

    ConsumerGroupState state() const;
    std::int32_t epoch() const { return epoch_; }
    std::int32_t assignment_epoch() const { return assignment_epoch_; }
    std::string assignor(const ConsumerRules&) const;
    const std::map<std::string, ConsumerMember, std::less<>>& members() const { return members_; }
    // Names that members read, those that a pattern found among them; and whether there is a pattern, for which any new topic
    // may be one more.
    std::set<std::string, std::less<>> topics() const;
    bool has_patterns() const { return !patterns_.empty(); }

    // What is to be stored since the last call, and whether others may have news.
    struct Changes {
        bool group = false;
        std::set<std::string, std::less<>> members;   // those that are no more among them
        bool any() const { return group || !members.empty(); }
    };
    Changes take_changes() { return std::exchange(changes_, {}); }

    StoredConsumerGroup to_store() const;
    StoredConsumerMember to_store(const ConsumerMember&) const;
    void restore(const StoredConsumerGroup&);
    void restore(const StoredConsumerMember&, const Around&);   // has a whole session to come back
    void restored(const Around&);                               // all members were

  private:
    // A pattern finds what the member that brings it may see.
    struct Search {
        std::string regex, principal, host;
        friend auto operator<=>(const Search&, const Search&) = default;
    };
    struct Pattern {
        TopicPattern compiled;
        std::set<std::string, std::less<>> found;
    };
    static Search search_of(const ConsumerMember& member) { return {member.regex, member.principal, member.client_host}; }
    using Partition = std::pair<streams::Uuid, std::int32_t>;

    // ---- consumer_membership.cpp ----
    std::optional<GroupFault> admit(const ConsumerGroupHeartbeatRequest&, const std::string& id, ConsumerMember*&);
    std::optional<GroupFault> admit_static(const ConsumerGroupHeartbeatRequest&, const std::string& id, ConsumerMember*&);
    bool update(const ConsumerBeat&, ConsumerMember&);
    ConsumerMember& replace(const std::string& old_id, const std::string& id);
    void drop(const std::string& id);
    ConsumerGroupHeartbeatResponse answer(const Around&, const ConsumerMember&, bool with_assignment) const;
    // ---- consumer_classic.cpp ----
    ConsumerMember* classic_member(std::string_view member, std::optional<std::string_view> instance, ErrorCode&);
    Blob classic_assignment(const ConsumerMember&) const;
    // ---- consumer_reconciling.cpp ----
    void look_up(const Around&, bool all_patterns);
    void bump(const Around&);
    void assign(const Around&);
    void assign_if_due(const Around&);
    std::set<std::string, std::less<>> read_by(const ConsumerMember&) const;
    Assignment free_for(const ConsumerMember&, const Assignment& wanted) const;
    ConsumerMember next_of(const ConsumerMember&, const std::optional<Assignment>& owned) const;
    ConsumerMember moved(const ConsumerMember&, std::int32_t epoch, const std::optional<Assignment>& owned) const;
    void reconcile(const Around&, ConsumerMember&, const std::optional<Assignment>& owned);
    void own(const ConsumerMember&);
    void disown(const ConsumerMember&);

    std::string group_;
    std::int32_t epoch_ = 1;   // so that the first member has epoch 2, as seen on Kafka 4.4.0
    std::int32_t assignment_epoch_ = 0;
    Time assigned_at_{};
    std::map<std::string, ConsumerMember, std::less<>> members_;
    Instances instances_;
    std::map<Search, Pattern> patterns_;
    std::map<std::string, TopicSize, std::less<>> sizes_;   // of what members read, as far as there is such a topic
    std::map<Partition, std::string> owners_;               // what members own or still have to give back
    Deadlines sessions_, rebalances_;
    std::optional<Time> assign_due_;   // the next target assignment waits for its interval
    Changes changes_;
};

}   // namespace sluice::kafka
