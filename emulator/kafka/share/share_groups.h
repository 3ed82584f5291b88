// Share groups of one world (KIP-932): their members, and for each topic that a group reads a backlog of what its members took
// and did not settle. Membership and backlogs know nothing of each other: as in Kafka, who fetches need not be a member.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/share/dead_letters.h"
#include "emulator/kafka/share/membership.h"
#include "emulator/streams/engine.h"
#include "emulator/streams/queues/backlog.h"

namespace sluice::kafka {

// What a group's settings say (group configs share.…).
struct ShareRules {
    ShareMembership::Rules members;
    milliseconds lock{};              // share.record.lock.duration.ms
    std::int32_t deliveries{};        // share.delivery.count.limit
    std::size_t locks{};              // share.partition.max.record.locks
    std::string begins;               // share.auto.offset.reset
    streams::Isolation isolation{};   // share.isolation.level
    bool renews = true;               // share.renew.acknowledge.enable
};

struct ShareTopic {
    streams::Uuid id{};
    std::int32_t partitions{};   // when the group began to read it
    std::unique_ptr<streams::Backlog> backlog;
};

struct ShareGroup {
    std::string id;
    ShareMembership members;
    std::map<streams::Uuid, ShareTopic> topics;
    std::uint64_t looked_at = 0;   // which of the world's changes it has seen
    std::optional<Time> session_armed;
    Timer session;
    std::string_view state() const { return members.members().empty() ? "Empty" : "Stable"; }
};

class ShareGroups {
  public:
    ShareGroups(streams::Engine&, streams::World&, const Configs&);
    ~ShareGroups();

    ShareRules rules(std::string_view group) const;
    struct Answer {
        ShareGroupHeartbeatResponse response;
        streams::Ticket ticket{};
    };
    Answer heartbeat(const ShareMembership::Beat&);   // the request has no ShareMembership::fault_of
    ShareGroup* find(std::string_view id);
    void each(const std::function<void(const ShareGroup&)>&) const;
    struct Changed {
        ErrorCode code{};
        streams::Ticket ticket{};
    };
    Changed remove(std::string_view id);   // DeleteGroups

    // The group's part of a topic, made when there is none; stored with the next `store` of its backlog.
    ShareTopic& topic(std::string_view group, const streams::Stream&);
    ShareTopic* find_topic(std::string_view group, const streams::Uuid&);
    void release(std::string_view group, std::uint32_t holder);   // what it holds goes back, in all topics
    // Decides where the group begins in a partition that it has not read yet.
    void begin(ShareTopic&, const streams::Shard&, const ShareRules&);
    streams::Ticket forget(std::string_view group, const streams::Uuid& topic);

    // Called when a member is no more, before its sessions are.
    std::function<void(std::string_view group, std::string_view member)> on_gone;

    void forget_topic(const streams::Stream&);   // it goes
    void unstored(std::string_view key);
    void clear();
    std::size_t kept() const;

  private:
    ShareGroup& make(std::string_view id);
    FindShareTopic finder() const;
    void load();
    ShareTopic& open(ShareGroup&, const streams::Stream&, std::int32_t partitions);
    void drop(ShareGroup&, const streams::Uuid& topic);   // memory alone
    streams::Ticket save(ShareGroup&);
    void arm(ShareGroup&);
    Clock& clock() const { return *world_.clock; }

    // Counts changes of the world's streams, so that a group looks at its topics when there may be something to see.
    struct Changes final : Follower {
        void fired() override { ++count; }
        std::uint64_t count = 1;
    };

    streams::Engine& engine_;
    streams::World& world_;
    const Configs& configs_;
    DeadLetters dead_letters_;
    std::map<std::string, std::unique_ptr<ShareGroup>, std::less<>> groups_;
    std::map<streams::Uuid, std::set<std::string, std::less<>>> readers_;   // groups that have a part of the topic
    Changes changes_;
};

std::string share_topic_key(std::string_view prefix, std::string_view group, const streams::Uuid&);

}   // namespace sluice::kafka
