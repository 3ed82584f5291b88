// One look at the partitions that a Fetch waits for, and what there is for it now.
#pragma once

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "emulator/kafka/call.h"
#include "emulator/kafka/logs/fetch_sessions.h"
#include "protocol/kafka/messages/fetch.h"

namespace sluice::kafka {

struct Found {
    FetchResponse response;
    struct Taken {
        streams::StreamPointer stream;
        const streams::Shard* shard;
        std::uint64_t bytes, records;
    };
    std::vector<Taken> taken;
    std::vector<std::pair<streams::StreamPointer, const streams::Shard*>> cold;   // have records that only a disk has yet
    std::int64_t bytes = 0;
    bool error = false, full = false;   // full: there is more, and the answer has as much as it may
    milliseconds throttle{0};
    std::int64_t most_bytes = std::numeric_limits<std::int32_t>::max();   // by the reader's quota

    // Who asked for records that are there gets some, however long the disk takes.
    bool only_cold() const { return !cold.empty() && bytes == 0 && !error && throttle.count() == 0; }
};

class Look {
  public:
    Look(Call& call, const FetchRequest& request, bool incremental, FetchPartitions& partitions, Found& found)
        : call_(call), request_(request), incremental_(incremental), partitions_(partitions), found_(found) {}

    // At every partition that is due. Those without news are due no more.
    void at_due() const;
    // The answer to a Fetch that is not incremental names the others too.
    void at_quiet() const;
    // What was seen is known: of each partition only what changes from here on is news, and one that has nothing more waits for
    // its shard.
    void told() const;

  private:
    const streams::StreamPointer& stream_of(Wanted&) const;
    void fail(FetchResponse::Partition&, ErrorCode) const;
    ErrorCode fault(Wanted&, const streams::Stream&, const streams::Shard&, streams::Bounds) const;
    FetchResponse::Partition partition(Wanted&) const;
    void read(const streams::StreamPointer&, const streams::Shard&, const Wanted&, FetchResponse::Partition&) const;
    void add(const Wanted&, FetchResponse::Partition&&) const;

    Call& call_;
    streams::Isolation isolation() const {
        return request_.isolation_level == 1 ? streams::Isolation::committed : streams::Isolation::uncommitted;
    }
    const FetchRequest& request_;
    bool incremental_;
    FetchPartitions& partitions_;
    Found& found_;
};

}   // namespace sluice::kafka
