// Retention is exact for readers: it is applied whenever somebody looks. The store is told on full virtual minutes only, by data
// timers, so that what it holds does not depend on who looked or in how many steps the clock was moved.
#include <algorithm>

#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t furthest_ms = std::int64_t{1}
                                     << 61;   // retention.ms and timestamps come from clients: sums must not overflow
constexpr std::size_t swept_by_loop = 1000;   // entries in memory; on disk the store stops earlier
constexpr std::uint64_t walked_at_front = 256 << 10;
constexpr std::int64_t foreseen_ms = 2'000;        // before a trim is due; virtual, as what is due is
constexpr std::int64_t check_ms = 5 * minute_ms;   // Kafka's log.retention.check.interval.ms

// The last moment at which an entry is kept. Rule 18: Kinesis's way is append time; Kafka's is the record's own timestamp, unless
// the clock was moved by hand. As Kafka looks every five minutes, a record with an old timestamp lives that long.
std::int64_t last_ms(const Stream& stream, bool displaced, std::int64_t appended_ms, std::int64_t timestamp_ms) {
    const auto keep = std::min<std::int64_t>(stream.retention->count(), furthest_ms);
    if (stream.kinesis_manners()) return appended_ms + keep - (planted("retention-boundary") ? 1 : 0);
    const auto stamp = timestamp_ms < 0 ? appended_ms : std::min(timestamp_ms, furthest_ms);
    if (displaced) return std::max(stamp, appended_ms) + keep;
    return std::max(stamp + keep, appended_ms + std::min(keep, check_ms));
}

// cleanup.policy=compact alone: a topic's records stay, whatever their age.
bool ages(const Stream& stream) {
    return stream.retention && (!stream.compaction || stream.compaction->deletes || stream.kinesis_manners());
}

bool limited_in_bytes(const Stream& stream) {
    return stream.retention_bytes && !stream.kinesis_manners() && (!stream.compaction || stream.compaction->deletes);
}

}   // namespace

void Upkeep::find_front(Shard& shard) {
    shard.front_known = true;
    shard.front.reset();
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        if (shard.front || shard.begin >= to) continue;
        const auto done =
            engine_.reader.snapshot().read(extent.log, std::max(shard.begin, extent.from), [&](const storage::EntryView& entry) {
                if (entry.first < to) shard.front = Shard::Front{entry.appended_ms, entry.max_timestamp_ms};
                return false;
            });
        if (!done) return;   // unreadable: nothing is cut
    }
}

void Upkeep::retain(Shard& shard) {
    const auto begin = shard.begin;
    retain_age(shard);
    retain_bytes(shard);
    if (shard.begin == begin) return;
    (void)engine_.reader.at_hand(shard, shard.begin);   // what expires next is brought ahead
    shard.appended.fire();                              // a fetch session is told where the log starts now
}

void Upkeep::retain_age(Shard& shard) {
    const auto& stream = *shard.stream;
    if (!ages(stream) || stream.deleted || shard.begin >= shard.end) return;
    if (!shard.front_known) find_front(shard);
    const auto now = to_ms(clock_of(stream).now());
    const bool displaced = clock_of(stream).displaced();
    if (!shard.front || last_ms(stream, displaced, shard.front->appended_ms, shard.front->timestamp_ms) >= now) return;
    auto begin = shard.begin;
    std::uint64_t dropped = 0;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        if (begin >= to) continue;
        bool kept = false, more = false;
        // Only the front goes: an old record behind a young one stays, as whole segments do in Kafka.
        const auto go_along = [&](std::uint64_t most_bytes) {
            more = false;
            std::uint64_t seen = 0;
            return engine_.reader.snapshot().read(extent.log, std::max(begin, extent.from), [&](const storage::EntryView& entry) {
                if (entry.first >= to) return false;
                kept = last_ms(stream, displaced, entry.appended_ms, entry.max_timestamp_ms) >= now;
                if (kept && stream.kinesis_manners()) begin = std::max(begin, std::min(entry.first, to));
                more = !kept && seen > most_bytes;
                if (kept || more) return false;
                seen += entry.size();
                dropped += entry.size();
                begin = std::min(to, entry.first + entry.count);
                return true;
            });
        };
        // Little has expired since somebody looked last, mostly, and its pages were brought ahead. What is older by both of its
        // times goes in one step, found by halving: a walk would read all of it again, from the disk if it is long ago. Where
        // sizes matter they are walked for.
        if (!go_along(limited_in_bytes(stream) ? UINT64_MAX : walked_at_front)) return;
        if (more && stream.kinesis_manners()) {
            const auto first = engine_.reader.snapshot().find_appended(extent.log, now - stream.retention->count());
            kept = first < to;
            begin = std::max(begin, std::min(first, to));
        } else if (more) {
            const auto since = now - std::min<std::int64_t>(stream.retention->count(), furthest_ms);
            const auto young = std::min(engine_.reader.snapshot().find_appended(extent.log, since),
                                        engine_.reader.snapshot().find_timestamp(extent.log, since));
            begin = std::max(begin, std::min(young, to));
            shard.kept_known = false;   // counted again should a limit in bytes be set
            if (!go_along(UINT64_MAX)) return;
        }
        if (!kept) begin = std::max(begin, to);   // positions without an entry
        if (kept) break;
    }
    if (begin == shard.begin) return;
    shard.begin = begin + (planted("one-record-too-many-gone") ? 1 : 0);
    shard.front_known = false;
    if (shard.kept_known) shard.kept_bytes -= dropped;
}

// Payload of all that lies between begin and end. The store knows it of each log, but trims later than readers see it and may
// already hold what is committed and not yet told.
void Upkeep::count_kept(Shard& shard) {
    shard.kept_known = true;
    shard.kept_bytes = 0;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        const auto from = std::max(extent.from, shard.begin);
        if (from >= to) continue;
        if (engine_.reader.snapshot().bounds(extent.log) == storage::Bounds{from, to}) {
            shard.kept_bytes += engine_.reader.snapshot().live_bytes(extent.log);
            continue;
        }
        const auto done = engine_.reader.snapshot().read(extent.log, from, [&](const storage::EntryView& entry) {
            if (entry.first >= to) return false;
            shard.kept_bytes += entry.size();
            return true;
        });
        shard.kept_known = shard.kept_known && done.has_value();
    }
}

// Kafka's rule with a batch in the place of a segment: the oldest goes while what is left without it has retention.bytes or
// more. What goes depends on the log alone, not on when somebody looks.
void Upkeep::retain_bytes(Shard& shard) {
    const auto& stream = *shard.stream;
    if (!limited_in_bytes(stream) || stream.deleted || shard.begin >= shard.end || shard.sized_end == shard.end) return;
    if (!shard.kept_known) count_kept(shard);
    if (!shard.kept_known) return;   // unreadable: nothing is cut
    shard.sized_end = shard.end;
    const auto keep = static_cast<std::uint64_t>(*stream.retention_bytes);
    auto begin = shard.begin;
    bool going = true;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        if (!going || shard.kept_bytes <= keep || begin >= to) continue;
        const auto done =
            engine_.reader.snapshot().read(extent.log, std::max(begin, extent.from), [&](const storage::EntryView& entry) {
                const auto size = entry.size();
                going = entry.first < to && shard.kept_bytes >= keep + size;
                if (!going) return false;
                shard.kept_bytes -= size;
                begin = std::min(to, entry.first + entry.count);
                return true;
            });
        if (!done) break;
    }
    if (begin == shard.begin) return;
    shard.begin = begin;
    shard.front_known = false;
}

void Upkeep::trim(Shard& shard) {
    retain(shard);
    if (shard.begin <= shard.trimmed || books_of(*shard.stream).keeping_expired) return;
    tell_store(shard);
}

// That the log begins where readers see it begin.
void Upkeep::tell_store(Shard& shard) {
    std::uint64_t dropped = 0;
    for (const auto& extent : shard.extents) {
        const auto from = std::max(extent.from, shard.trimmed);
        const auto to = extent.to < 0 ? shard.begin : std::min(extent.to, shard.begin);
        if (from < to) dropped += engine_.extents.bytes_between(extent.log, from, to);
    }
    engine_.extents.cut(shard);
    forget_aborted(shard);
    count(shard, to_ms(clock_of(shard).now()), [&](Usage& usage) { usage.stored_bytes -= dropped; });
    engine_.writer.group().trimmed.push_back({shard.stream->shared_from_this(), &shard, shard.log()});
    shard.trimmed = shard.begin;
    engine_.writer.touch(shard);
}

// Somebody asked for it, so no restart with an earlier clock has it again, as with what has expired.
Ticket Upkeep::delete_before(Shard& shard, Position position) {
    retain(shard);
    if (position > shard.begin) {
        shard.begin = position;
        shard.front_known = shard.kept_known = false;
        shard.sized_end = -1;
        tell_store(shard);
        shard.trim_armed = false;
        arm_trim(shard);
        (void)engine_.reader.at_hand(shard, shard.begin);
        shard.appended.fire();   // a fetch session is told where the log starts now
    }
    return engine_.writer.ticket(shard.log());
}

// The next full minute by which the front entry has expired, or the very next one when retention.bytes has dropped some; nothing
// to arm when all is kept or nothing is there.
void Upkeep::arm_trim(Shard& shard) {
    const auto& stream = *shard.stream;
    const bool sized = limited_in_bytes(stream);
    if (shard.trim_armed && !sized) return;
    if (stream.deleted) return shard.trim.stop();
    const auto now = to_ms(clock_of(stream).now());
    std::optional<std::int64_t> last;   // what is over by then
    if (sized) {
        (void)engine_.reader.at_hand(shard, shard.begin);
        retain_bytes(shard);
        if (shard.begin > shard.trimmed) last = now;
    }
    if (ages(stream)) {
        if (!shard.front_known) find_front(shard);
        if (shard.front) {
            const auto aged = last_ms(stream, clock_of(stream).displaced(), shard.front->appended_ms, shard.front->timestamp_ms);
            last = std::min(last.value_or(furthest_ms * 2 - 1), std::max(aged, now));
        }
    }
    if (!last && !books_of(stream).keeping_expired)
        if (const auto expired = engine_.catalog.expires(shard)) last = std::max(to_ms(*expired), now);
    if (!last) {
        shard.trim_armed = false;
        return shard.trim.stop();
    }
    const auto due = *last / minute_ms * minute_ms + minute_ms;
    if (shard.trim_armed && shard.trim_due_ms <= due) return;
    shard.trim_armed = true;
    shard.trim_due_ms = due;
    await_trim(shard, !engine_.options.reads_on_thread);
}

// Twice where a thread reads: the first time it is told where the loop will look.
void Upkeep::await_trim(Shard& shard, bool told) {
    const auto at = from_ms(shard.trim_due_ms - (told ? 0 : foreseen_ms));
    auto& clock = clock_of(shard);
    shard.trim = Timer{clock, clock.at(timers::retention, at, [this, one = &shard, told] {
                           if (!told) {
                               engine_.reader.foresee(*one);
                               return await_trim(*one, true);
                           }
                           one->trim_armed = false;
                           trim(*one);
                           expire(*one);
                           arm_trim(*one);
                       })};
}

void Upkeep::expire(Shard& shard) {
    if (shard.stream->deleted || books_of(*shard.stream).keeping_expired) return;
    const auto at = engine_.catalog.expires(shard);
    if (at && *at < clock_of(shard).now() && shard.trimmed == shard.begin) engine_.catalog.expire(shard);
}

std::uint64_t Upkeep::live_bytes(const Shard& shard) {
    std::uint64_t bytes = 0;
    for (const auto& extent : shard.extents) bytes += engine_.extents.bytes_between(extent.log, extent.from, extent.to);
    return bytes;
}

void Upkeep::keep_expired(milliseconds span) {
    for (const auto& [id, books] : engine_.catalog.worlds()) {
        auto& clock = *books->clock;
        books->keeping_expired = true;
        books->keeping = Timer{clock, clock.at(timers::expired_kept, clock.live() + span, [this, one = books.get()] {
                                   one->keeping_expired = false;
                                   trim_expired(*one);
                               })};
    }
}

void Upkeep::trim_expired(const World& world) {
    for (const auto& [name, stream] : world.streams)
        for (auto& shard : own(*stream).shards) {
            trim(*shard);
            arm_trim(*shard);
        }
}

void Upkeep::trim_expired() {
    for (const auto& [id, books] : engine_.catalog.worlds()) trim_expired(*books);
}

bool Upkeep::housekeep() {
    engine_.reader.end_snapshot();   // a store under an open snapshot cannot use its free pages
    engine_.reader.bring_swept();
    // The loop does not wait for a disk: there the writer sweeps whenever it has nothing to write.
    return engine_.options.commit_on_thread ? engine_.writer.sweep_on_thread() : engine_.writer.sweep_on_loop(swept_by_loop);
}

}   // namespace sluice::streams
