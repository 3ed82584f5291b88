// One run of compaction over one shard's log, as a machine that is fed batches: first it learns the last position of each key
// from what is dirty, then it is shown all batches in order and says what is left of each. No store, clock or thread here.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "emulator/streams/stream.h"
#include "protocol/batch/header.h"

namespace sluice::streams {

// The last position of each key, by 128 bits of its SHA-256, in at most so many bytes; while it grows, half as many again.
class LastOfKeys {
  public:
    explicit LastOfKeys(std::uint64_t most_bytes);
    std::size_t size() const { return used_; }
    bool fits(std::size_t more) const { return used_ + more <= most_; }
    void put(batch::Bytes key, Position at);
    Position of(batch::Bytes key) const;   // -1: not met

  private:
    struct Slot {
        std::uint64_t high{}, low{};
        Position at = -1;
    };
    static Slot slot_of(batch::Bytes key);
    std::size_t place_of(const Slot&) const;
    void grow(std::size_t slots);

    std::vector<Slot> slots_;
    std::size_t used_ = 0, most_slots_, most_;
};

class Cleaning {
  public:
    struct Options {
        std::int64_t now_ms{}, delete_retention_ms{};
        std::uint64_t buffer_bytes{};
        std::vector<Aborted> aborted{};           // as the shard has them
        std::set<Position> last_of_producers{};   // where the last batches of idempotent producers begin: they stay, if empty
    };
    explicit Cleaning(Options options) : options_(std::move(options)), keys_(options_.buffer_bytes) {}

    // Of the dirty part, in order. False: the table has no room for its keys, and the run ends before this batch.
    bool learn(Position first, batch::Bytes batch);

    struct Left {
        enum { whole, changed, nothing } what = whole;
        batch::Blob bytes{};   // when it is changed
        std::int64_t max_timestamp_ms{};
    };
    // `last`: the run ends with it, so it stays, if empty: whoever reads up to there gets there.
    Left clean(Position first, batch::Bytes batch, bool last);

    // When the first of those tombstones and markers may go that were left; 0: there is none.
    std::int64_t horizon_ms() const { return horizon_ms_; }
    const std::vector<Position>& markers_gone() const { return markers_gone_; }

  private:
    Left clean_marker(Position first, batch::Bytes batch, const batch::BatchHeader&, bool last);
    bool aborted(const batch::BatchHeader&, Position) const;
    void remember(std::int64_t horizon_ms) { horizon_ms_ = horizon_ms_ == 0 ? horizon_ms : std::min(horizon_ms_, horizon_ms); }

    Options options_;
    LastOfKeys keys_;
    batch::Blob scratch_;
    std::set<std::int64_t> in_transaction_;   // producers whose marker comes
    std::int64_t horizon_ms_ = 0;
    std::vector<Position> markers_gone_;
};

}   // namespace sluice::streams
