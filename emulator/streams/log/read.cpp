// Reading: whole batches for Kafka, single records for Kinesis, and finding places by time. Committed positions only, over all
// extents of a shard, retention applied first.
#include <fmt/format.h>

#include <algorithm>

#include "emulator/streams/state.h"
#include "protocol/batch/reader.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

constexpr std::size_t most_batches = 64, most_unpacked_bytes = 64 << 20;
constexpr std::int32_t mark_every = 32;

std::vector<std::byte> joined(const storage::EntryView& entry) {
    std::vector<std::byte> whole;
    whole.reserve(entry.size());
    for (const auto piece : entry.pieces) whole.insert(whole.end(), piece.begin(), piece.end());
    return whole;
}

// All but the batch's header, which may lie in two pieces.
void join_payload(const storage::EntryView& entry, std::vector<std::byte>& whole) {
    whole.reserve(entry.size());
    std::size_t skip = batch::header_bytes;
    for (auto piece : entry.pieces) {
        const auto left_out = std::min(skip, piece.size());
        skip -= left_out;
        whole.insert(whole.end(), piece.begin() + static_cast<std::ptrdiff_t>(left_out), piece.end());
    }
}

void copy_front(const storage::EntryView& entry, std::span<std::byte> to) {
    for (const auto piece : entry.pieces) {
        const auto part = piece.first(std::min(piece.size(), to.size()));
        std::copy(part.begin(), part.end(), to.begin());
        to = to.subspan(part.size());
    }
}

}   // namespace

Bounds Engine::bounds(Shard& shard) {
    state_->retain(shard);
    return {shard.begin, shard.stable(), shard.end};
}

void Engine::set_undecided(Shard& shard, std::optional<Position> from) {
    shard.undecided = from;
    shard.appended.fire();
}

Result<void> Engine::read(Shard& shard, Position from, Isolation isolation, const storage::Snapshot::VisitEntry& visit) {
    from = std::max(from, bounds(shard).begin);
    const auto end = isolation == Isolation::committed ? shard.stable() : shard.end;
    bool going = true;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? end : std::min(extent.to, end);
        if (!going || from >= to) continue;
        const auto done = snapshot().read(extent.log, std::max(from, extent.from), [&](const storage::EntryView& entry) {
            if (entry.first >= to) return false;
            return going = visit(entry);
        });
        if (!done) return std::unexpected{Fault::storage};
        from = std::max(from, to);
    }
    return {};
}

Result<Engine::Read> Engine::read_records(Shard& shard, Position from, std::int32_t max_records, std::int64_t max_bytes,
                                          Position before) {
    auto& s = *state_;
    // Views given out last time end here.
    std::size_t held = 0, batches = 0;
    for (auto one = s.unpacked.begin(); one != s.unpacked.end();) {
        held += one->bytes.size();
        one = ++batches > most_batches || held > most_unpacked_bytes ? s.unpacked.erase(one) : std::next(one);
    }
    auto earlier =
        std::exchange(s.unpacked, {});   // a batch is met once in a call: only those of earlier calls are looked through
    Read out;
    out.next = from = std::max(from, bounds(shard).begin);
    std::size_t unpacked_now = 0;
    const auto skip = [&](const storage::EntryView& entry, std::string_view why) {
        s.events.note(fmt::format("{} {}: {}", shard.stream->name, shard.id(), why));
        out.next = entry.first + entry.count;
        return out.next < before;
    };
    const auto visit = [&](LogId log, const storage::EntryView& entry) {
        if (std::ssize(out.records) >= max_records) return false;
        std::vector<std::byte> copy;
        auto bytes = entry.pieces.size() == 1 ? entry.pieces[0] : std::span<const std::byte>{};
        std::array<std::byte, batch::header_bytes> head;
        if (bytes.empty()) copy_front(entry, head);
        const auto header = batch::parse_header(bytes.empty() ? std::span<const std::byte>{head} : bytes);
        if (!header || header->control()) {
            out.next = entry.first + entry.count;
            return out.next < before;
        }
        const bool in_place = header->codec() == batch::Codec::none && !bytes.empty();
        // A short batch that can be read where it lies needs no marks.
        const bool remembered = !in_place || header->count > mark_every;
        bool fresh = true;
        if (remembered) {
            const auto known = std::ranges::find_if(earlier, [&](auto& one) {
                return (one.log == log || planted("batch-of-another-log")) && one.first == entry.first;
            });
            fresh = known == earlier.end();
            if (fresh)
                s.unpacked.push_front({.log = log, .first = entry.first, .bytes = {}, .marks = {}});
            else
                s.unpacked.splice(s.unpacked.begin(), earlier, known);
        }
        Unpacked none;
        auto& cached = remembered ? s.unpacked.front() : none;
        std::span<const std::byte> payload;
        if (in_place) {
            payload = bytes.subspan(batch::header_bytes);
        } else {
            if (fresh) {
                if (!out.records.empty() && unpacked_now > most_unpacked_bytes) {
                    s.unpacked.pop_front();
                    return false;
                }
                if (header->codec() != batch::Codec::none) {
                    if (bytes.empty()) bytes = copy = joined(entry);
                    if (!batch::payload_of(bytes, *header, cached.bytes)) {
                        s.unpacked.pop_front();
                        return skip(entry, "a batch cannot be unpacked and is skipped");
                    }
                } else {
                    join_payload(entry, cached.bytes);
                }
                unpacked_now += cached.bytes.size();
            }
            payload = cached.bytes;
        }
        // From the last mark at or before the first wanted record.
        std::int32_t at = 0;
        std::size_t offset = 0;
        const auto after =
            std::ranges::partition_point(cached.marks, [&](auto& mark) { return entry.first + mark.delta <= from; });
        if (after != cached.marks.begin()) {
            at = std::prev(after)->index;
            offset = std::prev(after)->at;
        }
        batch::Cursor in{payload.subspan(offset)};
        for (; at < header->count; ++at) {
            const auto place = payload.size() - in.left();
            batch::Record record;
            if (!batch::read_record(in, header->base_timestamp, record))
                return skip(entry, "a batch has a broken record and is cut there");
            if (remembered && at % mark_every == 0 && (cached.marks.empty() || cached.marks.back().index < at))
                cached.marks.push_back({at, record.offset_delta, place});
            const auto position = entry.first + record.offset_delta;
            if (position < from) continue;
            const auto size =
                static_cast<std::int64_t>((record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0));
            if (size > max_record_bytes) {
                s.events.note_once(fmt::format("{} {}: the record at {} has more than 10 MiB and is not shown to Kinesis readers",
                                               shard.stream->name, shard.id(), position));
                out.next = position + 1;
                continue;
            }
            if (std::ssize(out.records) >= max_records ||
                (!out.records.empty() && static_cast<std::int64_t>(out.bytes) + size > max_bytes))
                return false;
            out.records.push_back({position, entry.appended_ms, record.key, record.value});
            out.bytes += static_cast<std::uint64_t>(size);
            out.next = position + 1;
        }
        out.next = entry.first + entry.count;
        return out.next < before;
    };
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.stable() : std::min(extent.to, shard.stable());
        if (out.next >= to) continue;
        bool going = true;
        const auto done = snapshot().read(extent.log, std::max(out.next, extent.from), [&](const storage::EntryView& entry) {
            return entry.first < to && (going = visit(extent.log, entry));
        });
        if (!done) return std::unexpected{Fault::storage};
        if (!going) break;
    }
    s.unpacked.splice(s.unpacked.end(), earlier);
    return out;
}

Position Engine::find_appended(Shard& shard, Time time) {
    const auto begin = bounds(shard).begin;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        const auto at = snapshot().find_appended(extent.log, to_ms(time));
        if (at < to) return std::max({at, extent.from, begin});
    }
    return shard.end;
}

std::optional<std::pair<Position, std::int64_t>> Engine::find_timestamp(Shard& shard, std::int64_t ms) {
    const auto begin = bounds(shard).begin;
    std::optional<std::pair<Position, std::int64_t>> found;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
        const auto start = std::max({snapshot().find_timestamp(extent.log, ms), extent.from, begin});
        if (found || start >= to) continue;
        std::vector<std::byte> scratch;
        std::vector<std::byte> copy;
        const auto done = snapshot().read(extent.log, start, [&](const storage::EntryView& entry) {
            if (entry.first >= to) return false;
            if (entry.max_timestamp_ms < ms) return true;
            const auto bytes = entry.pieces.size() == 1 ? entry.pieces[0] : storage::Bytes{copy = joined(entry)};
            const auto walked = batch::read(bytes, scratch, [&](const batch::Record& record) {
                const auto position = entry.first + record.offset_delta;
                if (record.timestamp < ms || position < begin) return true;
                found = {position, record.timestamp};
                return false;
            });
            return walked.has_value() ? !found.has_value() : true;
        });
        if (!done) return {};
    }
    return found;
}

std::optional<std::int64_t> Engine::appended_ms(Shard& shard, Position at) {
    std::optional<std::int64_t> told;
    const auto done = read(shard, at, Isolation::uncommitted, [&](const storage::EntryView& entry) {
        told = entry.appended_ms;
        return false;
    });
    return done ? told : std::nullopt;
}

Refusal Engine::State::refuse_read(Shard& shard, Refusal::Limit limit, Bucket& bucket, std::int64_t wanted_thousandths,
                                   Time now) {
    const auto balance = bucket.balance_thousandths(now);
    Refusal told{
        .limit = limit,
        .stream = shard.stream->name,
        .shard = shard.id(),
        .at = now,
        .rate = bucket.rate(),
        .asked = 1,
        .available = static_cast<double>(balance) / 1000.0,
        .room_in = milliseconds{(std::max<std::int64_t>(1, wanted_thousandths - balance) + bucket.rate() - 1) / bucket.rate()},
        .top_key = {},
        .top_key_share = 0};
    count(shard, to_ms(now), [](Usage& usage) { ++usage.read_refusals; });
    touch_lazily(shard);
    clock_of(shard).want(now + told.room_in);
    events.refused(told);
    return told;
}

std::optional<Refusal> Engine::admit_read_call(Shard& shard) {
    using enum Refusal::Limit;
    auto& s = *state_;
    const auto now = clock_of(shard).now();
    if (!shard.read_calls.covers(1, now)) return s.refuse_read(shard, read_calls, shard.read_calls, 1000, now);
    if (!shard.read_bytes.positive(now)) return s.refuse_read(shard, read_bytes, shard.read_bytes, 1, now);
    if (!shard.read_records.positive(now)) return s.refuse_read(shard, read_records, shard.read_records, 1, now);
    shard.read_calls.take(1, now);
    if (!shard.read_calls.unlimited()) s.touch_lazily(shard);
    return {};
}

std::optional<Refusal> Engine::admit_iterator(Shard& shard) {
    auto& s = *state_;
    auto& bucket = shard.iterator_calls;
    if (bucket.unlimited() || !shard.open()) return {};
    const auto now = clock_of(shard).now();
    if (!bucket.covers(1, now)) return s.refuse_read(shard, Refusal::Limit::iterator_calls, bucket, 1000, now);
    bucket.take(1, now);
    s.touch_lazily(shard);
    return {};
}

bool Engine::read_room(Shard& shard) {
    auto& clock = clock_of(shard);
    const auto now = clock.now();
    for (auto* bucket : {&shard.read_bytes, &shard.read_records}) {
        if (bucket->positive(now)) continue;
        const auto missing = bucket->rate() - bucket->balance_thousandths(now);   // for one token
        clock.want(now + milliseconds{std::max(bucket->rate(), missing) / bucket->rate()});
        return false;
    }
    return true;
}

milliseconds Engine::charge_read(Shard& shard, Door door, std::uint64_t bytes, std::uint64_t records) {
    const auto now = clock_of(shard).now();
    shard.read_bytes.take_read(static_cast<std::int64_t>(bytes), now);
    shard.read_records.take_read(static_cast<std::int64_t>(records), now);
    state_->touch_lazily(shard);
    state_->count(shard, to_ms(now), [&](Usage& usage) {
        (door == Door::kinesis ? usage.bytes_out_kinesis : usage.bytes_out_kafka) += bytes;
        (door == Door::kinesis ? usage.records_out_kinesis : usage.records_out_kafka) += records;
    });
    return std::max(shard.read_bytes.debt(now), shard.read_records.debt(now));
}

std::uint64_t Engine::live_bytes(Shard& shard) {
    state_->retain(shard);
    return state_->live_bytes(shard);
}

}   // namespace sluice::streams
