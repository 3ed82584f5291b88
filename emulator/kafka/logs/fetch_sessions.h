// KIP-227: what a consumer fetches is remembered between its requests, so that a request names only what changed and an
// answer only what has news. A session goes with its connection; clients open a new one when theirs is unknown (70).
// A partition of which nothing is new lies in `quiet` and is not looked at: it follows its shard's signal and comes to `due` when
// that fires. So an append costs the sessions that read its shard, and an incremental Fetch costs what changed.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>

#include "emulator/kafka/logs/topic_news.h"
#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"
#include "emulator/runtime/random.h"
#include "emulator/streams/stream.h"
#include "protocol/kafka/messages/fetch.h"

namespace sluice::kafka {

// One partition as a request names it.
struct PartitionAsked {
    std::string topic;          // versions up to 12
    streams::Uuid topic_id{};   // from 13 on
    std::int32_t partition{};
    std::int64_t offset{};
    std::int32_t max_bytes{};
    std::int32_t leader_epoch = -1, last_fetched_epoch = -1;
};

class FetchPartitions;

// One partition that a session or a request without one waits for, with what the last answer said of it.
struct Wanted final : PartitionAsked, Follower {
    Wanted(FetchPartitions& whose, const PartitionAsked& asked) : PartitionAsked(asked), all(whose) {}
    void fired() override;

    struct Told {
        std::int64_t high_watermark = -1, log_start = -1;
        bool error = false;
        friend bool operator==(const Told&, const Told&) = default;
    };
    FetchPartitions& all;
    std::list<Wanted>::iterator place;
    Told told, seen;                     // by the last answer; by the last look
    bool due = true, has_more = false;   // has_more: there were records at the last look
    streams::StreamPointer stream;       // found by an earlier look: looking at five thousand partitions is no search
    TopicNews::Seen news;
};

class FetchPartitions {
  public:
    using Key = std::tuple<streams::Uuid, std::string, std::int32_t>;
    FetchPartitions() = default;
    FetchPartitions(const FetchPartitions&) = delete;
    ~FetchPartitions() { news.fire(); }   // who is parked over them finds that they are gone

    // A new partition at the end of `due`; one that is there gets what is asked now and is due. `known`: it may be there.
    void want(const PartitionAsked&, bool known);
    void forget(const PartitionAsked&);
    void index_all();   // so that want and forget find them
    // To be looked at no more until something happens.
    void settle(Wanted&);
    bool empty() const { return due.empty() && quiet.empty(); }
    std::size_t size() const { return due.size() + quiet.size(); }

    std::list<Wanted> due;   // in the order they are served: what had data goes to the end, so that all get their share
    std::list<Wanted> quiet;
    Signal news;   // something came to `due`

  private:
    bool indexed_ = false;
    std::map<Key, Wanted*> index_;
};

struct FetchSession {
    std::int32_t id{};
    std::int32_t epoch{};   // of the next request
    bool by_id = false;     // names topics by id
    const void* owner{};    // the connection
    Time used{};
    std::unique_ptr<FetchPartitions> partitions;
};

class FetchSessions {
  public:
    static constexpr std::size_t slots = 1'000;        // max.incremental.fetch.session.cache.slots
    static constexpr milliseconds safe_for{120'000};   // min.incremental.fetch.session.eviction.ms

    explicit FetchSessions(Random& random) : random_(random) {}
    // What a request means: its partitions, and the session to answer under (nothing: sessionless).
    struct Opened {
        ErrorCode error = ErrorCode::none;
        FetchSession* session = nullptr;
        bool incremental = false;                 // answer only what has news
        std::unique_ptr<FetchPartitions> alone;   // partitions of a sessionless request
        FetchPartitions& partitions() { return session ? *session->partitions : *alone; }
    };
    Opened open(const FetchRequest&, int version, const void* owner, Time now);
    FetchSession* find(std::int32_t id);
    void drop(std::int32_t id);
    void drop_owner(const void* owner);
    std::size_t size() const { return sessions_.size(); }

    std::uint64_t looked_at = 0;   // partitions, by all Fetches so far

  private:
    FetchSession* make(const void* owner, Time now);
    Opened open_full(const FetchRequest&, int version, const void* owner, Time now);

    Random& random_;
    std::unordered_map<std::int32_t, std::unique_ptr<FetchSession>> sessions_;
};

}   // namespace sluice::kafka
