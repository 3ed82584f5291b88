// The part that looks after what is stored: retention, producers that fell silent, usage by the hour, streams on demand that
// grow. Each shard has its own due moment; nothing here walks all of them because time passed. All that it knows is kept in
// shards and worlds.
#pragma once

#include "emulator/streams/books.h"
#include "emulator/streams/engine_part.h"

namespace sluice::streams {

class Upkeep : public EnginePart {
  public:
    using EnginePart::EnginePart;

    // ---- retention.cpp ----
    void retain(Shard&);   // applies retention at now, for readers
    void trim(Shard&);     // tells the store
    void expire(Shard&);   // if it is time
    void arm_trim(Shard&);
    Ticket delete_before(Shard&, Position);
    std::uint64_t live_bytes(const Shard&);
    void keep_expired(milliseconds);
    void trim_expired();
    bool housekeep();

    // ---- limits/on_demand.cpp ----
    // Something was appended to a shard of a stream on demand.
    void was_written(Shard&, std::int64_t now_ms, std::uint64_t bytes, std::uint64_t records);
    void arm_mark(Stream&);   // it was read from the store

    // ---- producers.cpp ----
    void watch_producer(Shard&, std::int64_t producer, ProducerState&);
    // ---- transactions.cpp ----
    void forget_aborted(Shard&);   // those that lie before its begin

    // ---- usage/usage.cpp ----
    // Counts something of a shard. The hours before now_ms are ended first.
    template <class Add>
    void count(Shard& shard, std::int64_t now_ms, Add add) {
        if (now_ms >= shard.stream->metered_until_ms) end_hours(*shard.stream, now_ms);
        add(shard.usage), add(shard.stream->total), add(books_of(*shard.stream).total);
    }
    void count_again(Shard&, const Usage& before);   // its usage was read from the store
    void end_hours(Stream&, std::int64_t now_ms);
    void open_shards_changed(Stream&);   // call it behind the change, and end_hours before it
    void end_usage(Stream&);             // of a stream that goes
    std::vector<UsageSpan> usage(const Stream&);

  private:
    void arm_mark(Stream&, std::int64_t stretch);
    void mark(Stream&, std::int64_t stretch);
    void tell_store(Shard&);
    void retain_age(Shard&);
    void retain_bytes(Shard&);
    void count_kept(Shard&);
    void find_front(Shard&);
    void await_trim(Shard&, bool told);
    void trim_expired(const World&);
    void arm_producers(Books&);
    void forget_producers(Books&);
    Meter meter_of(const Stream&);   // as it is kept, not rolled
    void put_span(const Stream&, const UsageSpan&);
};

}   // namespace sluice::streams
