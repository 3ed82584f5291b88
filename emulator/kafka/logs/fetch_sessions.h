// KIP-227: what a consumer fetches is remembered between its requests, so that a request names only what changed and an
// answer only what has news. A session goes with its connection; clients open a new one when theirs is unknown (70).
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "emulator/runtime/clock.h"
#include "emulator/runtime/random.h"
#include "emulator/streams/stream.h"
#include "protocol/kafka/messages/fetch.h"

namespace sluice::kafka {

// One partition that a request or a session asks for, with what the last answer said of it.
struct Wanted {
    std::string topic;          // versions up to 12
    streams::Uuid topic_id{};   // from 13 on
    std::int32_t partition{};
    std::int64_t offset{};
    std::int32_t max_bytes{};
    std::int32_t leader_epoch = -1, last_fetched_epoch = -1;
    struct Told {
        std::int64_t high_watermark = -1, log_start = -1;
        bool error = false;
        friend bool operator==(const Told&, const Told&) = default;
    };
    Told told, seen;                           // by the last answer; by the last look
    std::shared_ptr<streams::Stream> stream;   // found by an earlier look: looking at five thousand partitions is no search
    bool seen_open = false;                    // its connection knows the shard as open
};

struct FetchSession {
    std::int32_t id{};
    std::int32_t epoch{};   // of the next request
    bool by_id = false;     // names topics by id
    const void* owner{};    // the connection
    Time used{};
    std::list<Wanted> partitions;   // what had data last goes to the end, so that all get their share
    using Key = std::tuple<streams::Uuid, std::string, std::int32_t>;
    std::map<Key, std::list<Wanted>::iterator> index;
    void want(const Wanted&);         // new, or with another offset
    void take(std::list<Wanted>&&);   // all at once, into an empty session
    void forget(const Wanted&);
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
        bool incremental = false;   // answer only what has news
        std::list<Wanted> alone;    // partitions of a sessionless request
        std::list<Wanted>& partitions() { return session ? session->partitions : alone; }
    };
    Opened open(const FetchRequest&, int version, const void* owner, Time now);
    FetchSession* find(std::int32_t id);
    void drop(std::int32_t id);
    void drop_owner(const void* owner);
    std::size_t size() const { return sessions_.size(); }

  private:
    FetchSession* make(const void* owner, Time now);

    Random& random_;
    std::unordered_map<std::int32_t, std::unique_ptr<FetchSession>> sessions_;
};

}   // namespace sluice::kafka
