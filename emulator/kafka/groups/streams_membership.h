// Who is in a group of Kafka Streams and which tasks each works on (KIP-1071): a plain machine like ConsumerMembership, with
// tasks where that has partitions, and with the topology that tells which tasks there are.
//   topology -> internal topics -> group epoch -> target assignment -> members give back, then are given
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "emulator/kafka/groups/consumer_membership.h"
#include "emulator/kafka/groups/deadlines.h"
#include "emulator/kafka/groups/streams_assignor.h"
#include "emulator/kafka/groups/streams_topology.h"
#include "protocol/kafka/messages/streams_group_heartbeat.h"

namespace sluice::kafka {

enum class StreamsGroupState : std::uint8_t { empty, not_ready, assigning, reconciling, stable };
std::string_view name_of(StreamsGroupState);   // Kafka's: Empty, NotReady, Assigning, Reconciling, Stable

struct StreamsMember {
    using Place = ConsumerMember::Place;
    std::string id;
    std::optional<std::string> instance, rack;
    std::string client_id, client_host, process_id, host;
    std::uint16_t port = 0;   // 0: it answers no queries
    std::int32_t epoch = 0, previous_epoch = 0, topology_epoch = 0;
    milliseconds rebalance_timeout{};
    std::map<std::string, std::string> tags;
    Place place = Place::stable;
    StreamsTasks assigned, revoking, target;
    bool away() const { return epoch == -2; }   // a static member that left for a while
    bool operator==(const StreamsMember&) const = default;
};

struct StreamsBeat {
    const StreamsGroupHeartbeatRequest& request;
    std::string client_id, client_host;
};

struct StreamsRules {
    milliseconds session{45'000};            // streams.session.timeout.ms
    milliseconds heartbeat{5'000};           // streams.heartbeat.interval.ms
    milliseconds assignment_interval{0};     // streams.assignment.interval.ms
    milliseconds initial_delay{0};           // streams.initial.rebalance.delay.ms
    std::int32_t standbys = 0;               // streams.num.standby.replicas
    std::size_t largest = std::size_t(-1);   // group.streams.max.size
};

StreamsGroupHeartbeatResponse refused_streams(GroupFault);
std::optional<GroupFault> fault_of(const StreamsGroupHeartbeatRequest&);
StreamsTopology topology_of(const StreamsGroupHeartbeatRequest::Topology&);

class StreamsMembership {
  public:
    struct Around {
        Time now;
        const StreamsRules& rules;
        const TopicTable& topics;
    };
    explicit StreamsMembership(std::string group) : group_(std::move(group)) {}

    // The request has no `fault_of` and is no leave.
    StreamsGroupHeartbeatResponse heartbeat(const Around&, const StreamsBeat&);
    StreamsGroupHeartbeatResponse leave(const Around&, const StreamsGroupHeartbeatRequest&);
    StreamsGroupHeartbeatResponse tell(const Around&, const std::string& id);   // what who has nothing to say is told
    bool has_news(const std::string& id) const;                                 // whether `tell` would tell something
    void topics_changed(const Around&);
    std::optional<Time> next_due() const;
    void overdue(const Around&);
    ErrorCode may_commit(std::string_view member, std::int32_t epoch, int version) const;
    ErrorCode may_fetch(const std::optional<std::string_view>& member, std::int32_t epoch) const;

    StreamsGroupState state() const;
    std::int32_t epoch() const { return epoch_; }
    std::int32_t assignment_epoch() const { return assignment_epoch_; }
    const std::optional<StreamsTopology>& topology() const { return topology_; }
    const StreamsNeeds& needs() const { return needs_; }   // internal topics among them, to be made by who carries this out
    const std::map<std::string, StreamsMember, std::less<>>& members() const { return members_; }
    std::set<std::string, std::less<>> topics() const;   // that members read

    using Changes = ConsumerMembership::Changes;
    Changes take_changes() { return std::exchange(changes_, {}); }

    StoredStreamsGroup to_store() const;
    StoredStreamsMember to_store(const StreamsMember&) const;
    void restore(const StoredStreamsGroup&);
    void restore(const StoredStreamsMember&, const Around&);
    void restored(const Around&);

  private:
    using TaskKey = std::pair<std::string, std::int32_t>;
    std::optional<GroupFault> admit(const Around&, const StreamsBeat&, StreamsMember*&);
    std::optional<GroupFault> admit_new(const Around&, const StreamsGroupHeartbeatRequest&, StreamsMember*&);
    bool update(const StreamsBeat&, StreamsMember&);
    bool take_topology(const StreamsGroupHeartbeatRequest&);
    void drop(const std::string& id);
    StreamsGroupHeartbeatResponse answer(const Around&, const StreamsMember&, bool with_tasks, std::int32_t endpoints) const;
    void add_endpoints(StreamsGroupHeartbeatResponse&) const;
    // ---- streams_reconciling.cpp ----
    void bump(const Around&);
    void assign_if_due(const Around&);
    void assign(const Around&);
    StreamsTasks free_for(const StreamsMember&, const StreamsTasks& wanted) const;
    StreamsMember next_of(const StreamsMember&, const std::optional<StreamsTasks>& owned) const;
    StreamsMember moved(const StreamsMember&, std::int32_t epoch, const std::optional<StreamsTasks>& owned) const;
    void reconcile(const Around&, StreamsMember&, const std::optional<StreamsTasks>& owned);

    std::string group_;
    std::int32_t epoch_ = 1, assignment_epoch_ = 1;   // members have epoch 1 as long as the first assignment is delayed
    std::int32_t endpoints_epoch_ = 0;
    Time assigned_at_{};
    std::optional<Time> assign_due_, initial_until_;
    std::optional<StreamsTopology> topology_;
    StreamsNeeds needs_;
    std::string shut_down_by_;   // the member that asked all to stop
    std::map<std::string, StreamsMember, std::less<>> members_;
    Instances instances_;
    Deadlines sessions_, rebalances_;
    Changes changes_;
};

}   // namespace sluice::kafka
