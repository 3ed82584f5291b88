// A world with what doors do not see of it.
#pragma once

#include <map>

#include "emulator/streams/channels.h"
#include "emulator/streams/engine.h"
#include "emulator/streams/limits/call_rates.h"

namespace sluice::streams {

struct Books : World {
    using World::World;
    std::uint64_t next_stream = 1;
    std::int64_t next_producer = 1000, producers_reserved = 1000;
    std::unordered_map<std::uint64_t, std::weak_ptr<Stream>> by_id;
    std::unordered_map<std::string, std::string> normalised;      // name with '.' as '_' -> name
    std::unordered_map<std::string, std::int64_t> name_seconds;   // last create second of names used since the start
    Usage total;                                                  // of all its streams, for who asks about all of them
    Tallies tallies;                                              // of those that are shown, likewise
    CallRates calls;                                              // of whom doors let in so many times a second; not stored
    Clock::Listening listening;
    std::unique_ptr<Channels> channels;
    bool keeping_expired = false;   // till then the store is not told what has expired
    Timer keeping;
    struct Watched {
        std::weak_ptr<Stream> stream;
        std::int32_t shard;
        std::int64_t producer;
    };
    std::multimap<Time, Watched> watched_producers;   // by when each is looked at next
    Timer producers_timer;
    Time live;                        // read once for each group
    std::uint64_t live_read_in = 0;   // the serial of that group
};

inline Books& books_of(World& world) { return static_cast<Books&>(world); }
inline Books& books_of(const Stream& stream) { return books_of(*stream.world); }
inline Clock& clock_of(const Stream& stream) { return *stream.world->clock; }
inline Clock& clock_of(const Shard& shard) { return *shard.stream->world->clock; }

}   // namespace sluice::streams
