// When and how a stream's log is compacted: what a door's settings say, as the engine keeps it with the stream. And the pure
// question of when a shard's next run is due (decision 034).
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::streams {

struct CompactionRules {
    bool deletes = false;                         // retention applies as well (compact,delete)
    std::int64_t delete_retention_ms{};           // how long a tombstone or a marker stays after a run has met it
    std::int64_t min_lag_ms{}, max_lag_ms{};      // of a record's append time
    std::int64_t segment_ms{}, segment_bytes{};   // what is dirty waits for the first of them
    double min_dirty_ratio{};                     // of its bytes to all
    std::int64_t buffer_bytes{};                  // that the keys of one run may take
    std::int64_t backoff_ms{};                    // runs begin at multiples of it
    friend bool operator==(const CompactionRules&, const CompactionRules&) = default;
};

// What a shard's next run would have to do.
struct Dirt {
    std::uint64_t dirty_bytes{}, clean_bytes{};
    std::int64_t first_ms{};     // append time of the oldest dirty record
    std::int64_t horizon_ms{};   // when the next tombstone or marker may go; 0: none waits
};

// The moment at which the next run begins, which lies behind `after_ms`; nothing while there is nothing to do before something
// is appended.
std::optional<std::int64_t> next_run_ms(const CompactionRules&, const Dirt&, std::int64_t after_ms);

}   // namespace sluice::streams
