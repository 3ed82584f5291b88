// Queues on streams: each has a name of its account and region, an id that says nothing, attributes that may change, and a
// backlog. They are values of the table that doors keep; a queue goes with its stream. Nothing here is stored otherwise.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "emulator/streams/engine.h"
#include "emulator/streams/queues/backlog.h"

namespace sluice::catalog {
class Queue;   // catalog.proto
}   // namespace sluice::catalog

namespace sluice::streams {

enum class QueueStart : std::uint8_t { oldest, latest, since };

struct QueueAttributes {
    std::int32_t visibility_s = 30;   // AWS API, QueueAttributes
    std::int32_t most_received = 6;   // same; 0: a record is never given up on
    friend bool operator==(const QueueAttributes&, const QueueAttributes&) = default;
};
inline constexpr std::int32_t longest_visibility_s = 43'200;   // AWS API, VisibilityTimeoutSeconds
inline constexpr std::int32_t most_receives = 1'000;           // AWS API, MaxReceiveCount

struct Queue {
    World* world{};
    std::string id, name, account, region;
    StreamId stream{};
    std::string stream_name;
    Time created;
    StreamStatus status = StreamStatus::active;
    Time ready_at;   // when CREATING, UPDATING or DELETING ends
    QueueStart start = QueueStart::latest;
    Time from;   // from when on records are delivered
    BacklogStart backlog_start;
    QueueAttributes attributes;
    std::optional<QueueAttributes> next;   // from when it is ACTIVE again
    std::map<std::string, std::string> tags;
    std::string policy;
    std::unique_ptr<Backlog> backlog;
    Signal gone;   // for the last time
    Timer ready;
};
using QueuePointer = std::shared_ptr<const Queue>;

class Queues {
  public:
    explicit Queues(Engine&);   // reads what there is
    ~Queues();

    struct New {
        std::string name, account, region;
        QueueStart start = QueueStart::latest;
        std::optional<Time> since;   // of QueueStart::since
        QueueAttributes attributes;
        std::map<std::string, std::string> tags;
    };
    struct Changed {
        QueuePointer queue;
        Ticket ticket;
    };
    Result<Changed> create(const Stream&, New);   // exists: the name is taken there
    Result<Ticket> update(const Queue&, const QueueAttributes&);
    Ticket remove(const Queue&);
    Result<Ticket> set_tags(const Queue&, std::map<std::string, std::string>);
    Result<Ticket> set_policy(const Queue&, std::string);

    QueuePointer find(World&, std::string_view id) const;
    using Name = std::tuple<WorldId, std::string, std::string, std::string>;   // account, region, name
    const std::map<Name, QueuePointer>& by_name() const { return by_name_; }
    std::size_t count(const Stream&) const;
    // Of those that are ACTIVE or UPDATING.
    static Backlog& backlog(const Queue& queue) { return *queue.backlog; }

  private:
    using Owned = std::shared_ptr<Queue>;
    static Queue& own(const Queue& queue) { return const_cast<Queue&>(queue); }
    void insert(const Owned&);
    void forget(Queue&);   // memory alone
    void load(World&, std::string_view key, std::string_view value);
    Ticket save(const Queue&);
    Ticket begin(Queue&, StreamStatus);
    Ticket settle(Queue&);   // is ACTIVE, with the attributes that waited for it
    void wait_ready(Queue&, milliseconds);
    Ticket take_away(Queue&);
    void unstored(World&, std::string_view key);

    Engine& engine_;
    std::map<std::pair<WorldId, std::string>, Owned, std::less<>> by_id_;
    std::map<Name, QueuePointer> by_name_;
    std::map<std::pair<WorldId, StreamId>, std::set<std::string>> of_stream_;   // ids
};

}   // namespace sluice::streams
