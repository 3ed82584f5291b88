// The part that reads: committed positions only, over all extents of a shard, without waiting for a disk on the loop. Its own are
// the snapshot of this turn, the batches that were unpacked lately, and the thread that brings pages.
#pragma once

#include <list>

#include "emulator/streams/engine_part.h"

namespace sluice::streams {

// A batch read lately: its payload when that is not found in one piece in the store, and where every 32nd record begins. So
// reading a batch record by record neither unpacks it nor walks it from the start each time.
struct Unpacked {
    struct Mark {
        std::int32_t index{}, delta{};
        std::size_t at{};
    };
    LogId log{};
    Position first = -1;
    std::shared_ptr<std::vector<std::byte>> bytes;   // shared with the chunks that show them
    std::vector<Mark> marks;
};

// ---- transactions.cpp ----
// Whether that record, which was written in a transaction and is committed as far as the log goes, counts for nobody.
bool was_aborted(std::span<const Aborted>, std::int64_t producer, Position);
std::vector<Aborted> aborted_in(const Shard&, Position from, Position before);

class Reader : public EnginePart {
  public:
    Reader(Engine::State& engine, Executor executor) : EnginePart(engine), disk_(std::move(executor)) {}
    void stop() { disk_.stop(); }

    const storage::Snapshot& snapshot() { return *pin(); }
    const std::shared_ptr<const storage::Snapshot>& pin();   // for who looks at it for longer than this turn
    void end_snapshot() { turn_.reset(); }                   // a store under an open one cannot use its free pages

    // ---- read.cpp ----
    Bounds bounds(Shard&);
    Result<void> read(Shard&, Position from, Isolation, const storage::Snapshot::VisitEntry&,
                      const storage::Snapshot::TakeRow& = {});

    // ---- records.cpp ----
    Result<Chunk> records(Shard&, Position from, ChunkLimits, Position before);   // stops behind the batch that reaches `before`
    Position find_appended(Shard&, Time);
    std::optional<std::pair<Position, std::int64_t>> find_timestamp(Shard&, std::int64_t ms);
    std::optional<std::int64_t> appended_ms(Shard&, Position);

    // ---- read_limits.cpp ----
    std::optional<Refusal> admit_read_call(Shard&);
    std::optional<Refusal> admit_iterator(Shard&);
    bool read_room(Shard&);
    milliseconds charge_read(Shard&, Door, std::uint64_t bytes, std::uint64_t records);
    void count_read(Shard&, Door, std::uint64_t bytes, std::uint64_t records);   // for the bill alone
    void count_call(Stream&, Door about);                                        // the same, of calls about queues and channels
    milliseconds charge_subscription(Shard&, Subscription&, std::uint64_t bytes, std::uint64_t records);

    // ---- warmth.cpp ----
    // Up to where a reader may go from `from` on without waiting for a disk. `from` itself: not at all, but a thread was asked,
    // and the shard's `brought` fires when it has brought something. A batch that begins below what comes back is whole in
    // memory.
    Position at_hand(Shard&, Position from);
    Task<void> wait_at_hand(Shard&, Position);
    Task<Result<Chunk>> chunk(Shard&, Position from, ChunkLimits);
    std::optional<Result<Chunk>> chunk_at_hand(Shard&, Position from, ChunkLimits);
    std::optional<Result<void>> batches_at_hand(Shard&, Position from, Isolation, const storage::Snapshot::VisitEntry&,
                                                const storage::Snapshot::TakeRow&);
    void foresee(const Shard&);   // a trim is due soon
    void bring_swept();           // what is freed next
    Task<void> rehearse(Engine::Look);
    Task<void> rehearse_sizes(const World&);

  private:
    Refusal refuse_read(Shard&, Refusal::Limit, Bucket&, std::int64_t wanted_thousandths, Time now);   // counted and told
    void bring(Shard&, Position from);
    void look_ahead();
    void forget_unpacked();   // what was not used for longest, where it is too much

    std::shared_ptr<const storage::Snapshot> turn_;   // dropped at the end of the turn and by each commit
    bool drop_posted_ = false;
    std::list<Unpacked> unpacked_;   // last used first
    Worker disk_;                    // waits for pages
    struct Foreseen {
        LogId log;
        Position begin;
        std::int64_t since_ms;
    };
    std::vector<Foreseen> foreseen_;   // where trims will look; the thread has not yet
    bool looking_ahead_ = false, bringing_swept_ = false;
};

}   // namespace sluice::streams
