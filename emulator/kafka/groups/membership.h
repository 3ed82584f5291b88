// Who is in a classic group and what part each has: a plain machine that is given the time and a request and returns a
// decision. It reads no clock, arms no timer, stores nothing and answers nobody; groups.cpp carries decisions out.
//   Empty -> PreparingRebalance (joins are gathered) -> CompletingRebalance (the leader assigns) -> Stable
// Codes and order of checks are those of Kafka 4.4.0, seen side by side. All times are liveness times (rule 5).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emulator/kafka/groups/stored.h"
#include "emulator/runtime/clock.h"
#include "protocol/kafka/messages/join_group.h"
#include "protocol/kafka/messages/sync_group.h"

namespace sluice::kafka {

enum class GroupState : std::uint8_t { empty, preparing, completing, stable };
std::string_view name_of(GroupState);   // Kafka's: Empty, PreparingRebalance, CompletingRebalance, Stable

using Parked = std::uint64_t;   // a request that waits for its answer; 0: none does

struct Member {
    std::string id;
    std::optional<std::string> instance;
    std::string client_id, client_host;
    milliseconds session_timeout{}, rebalance_timeout{};
    std::vector<std::pair<std::string, Blob>> protocols;   // name, metadata; by preference
    Blob assignment;
    Parked joining = 0;   // for the others
    Parked syncing = 0;   // for the leader
    bool synced = false;
    Time alive_until{};

    // Kafka never throws out a member whose request waits here: that is a sign of life.
    bool waits() const { return joining != 0 || syncing != 0; }
};
// What the member said about itself for this protocol; nothing when it does not know the protocol.
const Blob* metadata_for(const Member&, std::string_view protocol);

// A join from the wire with what its connection knows.
struct Join {
    const JoinGroupRequest& request;
    int version;
    std::string client_id, client_host;
};

struct Decision {
    std::vector<std::pair<Parked, JoinGroupResponse>> joins;
    std::vector<std::pair<Parked, SyncGroupResponse>> syncs;
    ErrorCode code = ErrorCode::none;   // the answer to a request that never waits
    std::uint64_t store = 0;            // not 0: the group is to be stored, and stored() told under this number
};

class Membership {
  public:
    static constexpr std::size_t most_promised = 10'000;
    struct Rules {
        milliseconds initial_delay{0};           // group.initial.rebalance.delay.ms
        std::size_t largest = std::size_t(-1);   // group.max.size
    };
    explicit Membership(Rules rules) : rules_(rules) {}

    // `fresh`: the id of a member that brings none.
    Decision join(Time now, const Join&, std::string fresh, Parked);
    Decision sync(Time now, const SyncGroupRequest&, Parked);
    ErrorCode heartbeat(Time now, std::string_view member, std::optional<std::string_view> instance, std::int32_t generation);
    ErrorCode may_commit(Time now, std::string_view member, std::optional<std::string_view> instance, std::int32_t generation);
    Decision leave(Time now, std::string_view member, std::optional<std::string_view> instance);
    // The connection of a waiting request ended. Its member has one session to come back with its id; nobody waits for a
    // dynamic one meanwhile.
    Decision gone(Time now, Parked);
    // What the members read has other partitions now: they are to join again.
    Decision reassign(Time now);
    Decision stored(Time now, std::uint64_t number, bool well);
    // Everybody who waits is answered: the group is no more.
    Decision dissolve();

    // What is to be waited for: a span that ends in wait_over(), and a time at which sessions_over() has something to do.
    struct Wait {
        std::uint64_t number = 0;   // of this wait; 0: none
        milliseconds span{};
    };
    const Wait& wait() const { return wait_; }
    Decision wait_over(Time now);
    std::optional<Time> next_session() const;
    Decision sessions_over(Time now);

    GroupState state() const { return state_; }
    std::int32_t generation() const { return generation_; }
    const std::string& protocol_type() const { return protocol_type_; }
    const std::string& protocol() const { return protocol_; }
    const std::map<std::string, Member, std::less<>>& members() const { return members_; }
    // Nothing that anybody could miss.
    bool blank() const { return state_ == GroupState::empty && generation_ == 0 && promised_.empty(); }

    StoredGroup to_store() const;
    void restore(const StoredGroup&, Time now);   // members have a whole session to come back

  private:
    struct Promise {   // an id told with MEMBER_ID_REQUIRED (KIP-394), or of a member whose connection went
        std::string id;
        Time until;
        bool awaited;   // a rebalance is not complete without it
    };
    struct Replaced {   // a static member's new id on its way to the store
        std::string id, old_id, old_leader;
        Member before;
        int version;
    };
    Member* member_of(std::string_view member, std::optional<std::string_view> instance, ErrorCode&);
    bool has_room(std::string_view member, std::optional<std::string_view> instance);
    bool supports(const JoinGroupRequest&) const;
    void join_known(Time now, const Join&, Parked, Decision&);
    void enter(Time now, const Join&, std::string id, Parked, Decision&);
    void replace(Time now, const Join&, std::string fresh, Parked, Decision&);
    void update(Time now, Member&, const Join&);
    Member& rename(const std::string& old_id, std::string id);
    void replacement_stored(Time now, Replaced, bool well, Decision&);
    void assignment_stored(Time now, bool well, Decision&);
    void rebalance_or_complete(Time now, Decision&);
    void rebalance(Time now, Decision&);
    void complete_if_all_joined(Time now, Decision&);
    void complete(Time now, Decision&);
    void drop(const std::string& id, Decision&);
    void after_drop(Time now, Decision&);
    void after_promise(Time now, Decision&);
    void give_current(Member&, Parked, Decision&) const;
    void give_assignment(Time now, Member&, Decision&);
    JoinGroupResponse current_for(const Member&) const;
    std::string select_protocol() const;
    milliseconds longest_rebalance() const;
    void start_wait(milliseconds span) { wait_ = {++waits_, span}; }
    void stop_wait() { wait_ = {}; }

    Rules rules_;
    GroupState state_ = GroupState::empty;
    std::int32_t generation_ = 0;
    std::string protocol_type_, protocol_, leader_;
    std::map<std::string, Member, std::less<>> members_;          // by member id
    std::map<std::string, std::string, std::less<>> instances_;   // instance id -> member id
    std::deque<Promise> promised_;
    std::map<std::uint64_t, Replaced> replaced_;   // by the number of the store
    std::uint64_t assigning_ = 0;                  // the store of this generation's assignment, while it is under way
    std::uint64_t stores_ = 0, waits_ = 0;
    Wait wait_;
    bool initial_ = false;     // the wait is the initial delay
    bool newcomers_ = false;   // somebody joined since it was last armed
    milliseconds initial_left_{};
};

// ---- for the machine's own files ----
JoinGroupResponse refused_join(ErrorCode, std::string_view member);
SyncGroupResponse refused_sync(ErrorCode);

}   // namespace sluice::kafka
