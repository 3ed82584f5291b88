// The part that knows who reads which log. A log that nobody appends to any more may be read by several shards (forks), and goes
// with the last of them.
#pragma once

#include "emulator/streams/engine_part.h"

namespace sluice::streams {

class Extents : public EnginePart {
  public:
    using EnginePart::EnginePart;
    // From the next append on the shard has another log.
    void roll(Shard&);
    void share(const Shard&);       // of one that was read from the store
    void leave_all(const Shard&);   // of a shard that goes: drops what nobody else reads
    void forget(const Shard&);      // of one that is read again from the store
    void cut(Shard&);               // to its begin, whose trims are queued here
    // What is left below its end by a run of compaction takes the place of what was there. Space of logs that are read on from
    // there is given back by the second call, once the first is stored.
    void replace(Shard&, const Extent& made);
    void free_replaced(Shard&);
    std::uint64_t bytes_between(LogId, Position from, Position to);

  private:
    bool leave(const Shard&, LogId);   // false: somebody else reads it

    std::unordered_map<LogId, std::vector<const Shard*>> readers_;   // of logs that nobody appends to
};

}   // namespace sluice::streams
