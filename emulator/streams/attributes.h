// What a stream has beside its records and shards: what it is about to become, which of its records are encrypted, which metrics
// somebody asked for, and how often a day something was changed. Apart from stream.h, which is what appends and reads work with.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "emulator/runtime/clock.h"
#include "emulator/streams/catalog/hash_key.h"
#include "storage/store.h"

namespace sluice::streams {

// ---- changes that go through UPDATING: each waits until its stream is ACTIVE again ----

// A split (second: -1) or a merge.
struct Reshard {
    std::int32_t first{}, second{-1};
    HashKey new_start;
};
// To that many open shards, as catalog/uniform.h says.
struct Scaling {
    std::int32_t shards{};
};
// What is written from then on is encrypted with that key; empty: not encrypted.
struct Rekeying {
    std::string key;
};
// Who pays for what. Of warm throughput 0 is none; of shards 0 leaves them as they are.
struct Capacity {
    bool on_demand = false;
    std::int32_t warm_mibps{}, shards{};
};
// Each of these shards is split at its middle (limits/on_demand.h).
struct Growth {
    std::vector<std::int32_t> shards;
};
using Change = std::variant<Reshard, Scaling, Rekeying, Capacity, Growth>;

// Which shard a put goes to. `by_key_again` is `by_key` of a stream that was spread: some of its records have no key.
enum class Placing : std::uint8_t { by_key, spread, by_key_again };

// ---- encryption ----

// Positions of a shard whose records were written while its stream was encrypted. `to` is -1 while it is.
struct EncryptedSpan {
    storage::Position from{}, to{-1};
};
class EncryptedSpans {
  public:
    bool contains(storage::Position at) const {
        const auto after = std::ranges::upper_bound(spans_, at, {}, &EncryptedSpan::from);
        if (after == spans_.begin()) return false;
        const auto& span = *std::prev(after);
        return span.to < 0 || at < span.to;
    }
    // From that position on, which lies behind all that is there. What ends before `kept` is forgotten.
    void begin(storage::Position at, storage::Position kept) {
        end(at, kept);
        if (!spans_.empty() && spans_.back().to == at)
            spans_.back().to = -1;
        else
            spans_.push_back({at, -1});
    }
    void end(storage::Position at, storage::Position kept) {
        while (!spans_.empty() && spans_.back().from >= at) spans_.pop_back();
        if (!spans_.empty() && spans_.back().to < 0) spans_.back().to = at;
        std::erase_if(spans_, [&](const auto& span) { return span.to >= 0 && span.to <= kept; });
    }
    void clear() { spans_.clear(); }
    void read(EncryptedSpan span) { spans_.push_back(span); }   // in their order
    const std::vector<EncryptedSpan>& all() const { return spans_; }

  private:
    std::vector<EncryptedSpan> spans_;   // ascending, apart from one another
};

// ---- metrics of each shard, as a set of bits in this order (AWS API, MetricsName) ----
inline constexpr std::array<std::string_view, 7> metric_names{"IncomingBytes",
                                                              "IncomingRecords",
                                                              "OutgoingBytes",
                                                              "OutgoingRecords",
                                                              "WriteProvisionedThroughputExceeded",
                                                              "ReadProvisionedThroughputExceeded",
                                                              "IteratorAgeMilliseconds"};
inline constexpr std::uint32_t all_metrics = (1U << metric_names.size()) - 1;

// ---- what may be changed so many times in 24 hours (AWS API: each operation's text) ----
enum class Daily : std::uint8_t { scaling, mode, encryption_started, encryption_stopped };
inline constexpr std::array<std::size_t, 4> most_a_day{10, 2, 25, 25};

// The last moments of each, no more than are needed to tell whether another one is allowed.
class Lately {
  public:
    bool used_up(Daily what, Time now) const {
        const auto& moments = of(what);
        return moments.size() >= most_a_day[static_cast<std::size_t>(what)] && now - moments.front() < std::chrono::hours{24};
    }
    void add(Daily what, Time now) {
        auto& moments = moments_[static_cast<std::size_t>(what)];
        if (moments.size() >= most_a_day[static_cast<std::size_t>(what)]) moments.erase(moments.begin());
        moments.push_back(now);
    }
    const std::vector<Time>& of(Daily what) const { return moments_[static_cast<std::size_t>(what)]; }
    void clear() {
        for (auto& moments : moments_) moments.clear();
    }

  private:
    std::array<std::vector<Time>, most_a_day.size()> moments_;   // oldest first
};

// ---- what an account has, kept up with each change so that nobody walks all streams for it ----
struct Tally {
    std::int64_t open_shards{}, on_demand_streams{}, in_creation{};   // the last: streams that are CREATING or DELETING
    Tally& operator+=(const Tally& more) {
        open_shards += more.open_shards, on_demand_streams += more.on_demand_streams, in_creation += more.in_creation;
        return *this;
    }
    Tally& operator-=(const Tally& less) {
        open_shards -= less.open_shards, on_demand_streams -= less.on_demand_streams, in_creation -= less.in_creation;
        return *this;
    }
    friend bool operator==(const Tally&, const Tally&) = default;
};
struct Tallies {
    Tally all;
    std::map<std::string, Tally, std::less<>> places;   // by account and region in their names (catalog/places.h)
};

}   // namespace sluice::streams
