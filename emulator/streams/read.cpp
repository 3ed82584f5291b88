// Reading: whole batches for Kafka, single records for Kinesis, and finding places by time. Committed positions only, over all
// extents of a shard, retention applied first.
#include <algorithm>

#include "emulator/streams/state.h"
#include "protocol/batch/reader.h"

namespace sluice::streams {
namespace {

constexpr std::size_t most_unpacked = 8;

// An entry's bytes in one piece: the stored ones where they lie together, else a copy in `kept`.
std::span<const std::byte> contiguous(const storage::EntryView& entry, std::deque<std::vector<std::byte>>& kept) {
    if (entry.pieces.size() == 1) return entry.pieces[0];
    auto& copy = kept.emplace_back();
    copy.reserve(entry.size());
    for (const auto piece : entry.pieces) copy.insert(copy.end(), piece.begin(), piece.end());
    return copy;
}

}  // namespace

Bounds Engine::bounds(Shard& shard) {
    state_->retain(shard);
    return {shard.begin, shard.end};
}

Result<void> Engine::read(Shard& shard, Position from, const storage::Snapshot::VisitEntry& visit) {
    from = std::max(from, bounds(shard).begin);
    bool going = true;
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.end : std::min(extent.to, shard.end);
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

Result<Engine::Read> Engine::read_records(Shard& shard, Position from, std::int32_t max_records, std::int64_t max_bytes) {
    auto& s = *state_;
    s.kept.clear();
    Read out;
    out.next = from = std::max(from, bounds(shard).begin);
    const auto log_of = [&](Position at) {
        for (const auto& extent : shard.extents)
            if (extent.to < 0 || at < extent.to) return extent.log;
        return shard.extents.back().log;
    };
    // The payload of a compressed batch, unpacked at most once while it is among the last ones read.
    const auto unpack = [&](const storage::EntryView& entry, std::span<const std::byte> bytes,
                            const batch::BatchHeader& header) -> std::expected<std::span<const std::byte>, batch::BatchError> {
        static std::vector<std::byte> unused;
        if (header.codec() == batch::Codec::none) return batch::payload_of(bytes, header, unused);
        const auto log = log_of(entry.first);
        for (auto& one : s.unpacked)
            if (one.log == log && one.first == entry.first) {
                one.used = ++s.reads;
                return std::span<const std::byte>{one.bytes};
            }
        // Views into what is cached must last until the next call, so nothing that this call used may go.
        if (s.unpacked.size() > most_unpacked) s.unpacked.erase(std::ranges::min_element(s.unpacked, {}, &Unpacked::used));
        auto& one = s.unpacked.emplace_back();
        one.log = log;
        one.first = entry.first;
        one.used = ++s.reads;
        auto payload = batch::payload_of(bytes, header, one.bytes);
        if (!payload) s.unpacked.pop_back();
        return payload;
    };
    bool full = false;
    std::size_t unpacked_here = 0;
    const auto done = read(shard, from, [&](const storage::EntryView& entry) {
        if (std::ssize(out.records) >= max_records) return false;
        const auto bytes = contiguous(entry, s.kept);
        const auto header = batch::parse_header(bytes);
        if (!header || header->control()) {
            out.next = entry.first + entry.count;
            return true;
        }
        if (header->codec() != batch::Codec::none && ++unpacked_here > most_unpacked) return false;
        const auto payload = unpack(entry, bytes, *header);
        if (!payload) {
            s.events.note(shard.stream->name + " " + shard.id() + ": a batch cannot be unpacked and is skipped");
            out.next = entry.first + entry.count;
            return true;
        }
        batch::Cursor in{*payload};
        for (std::int32_t i = 0; i < header->count; ++i) {
            batch::Record record;
            if (!batch::read_record(in, header->base_timestamp, record)) break;
            const auto position = entry.first + record.offset_delta;
            if (position < from) continue;
            const auto size = static_cast<std::int64_t>((record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0));
            if (size > max_record_bytes) {
                s.events.note(shard.stream->name + " " + shard.id() + ": a record above 10 MiB is not shown to Kinesis readers");
                out.next = position + 1;
                continue;
            }
            if (std::ssize(out.records) >= max_records ||
                (!out.records.empty() && static_cast<std::int64_t>(out.bytes) + size > max_bytes)) {
                full = true;
                return false;
            }
            out.records.push_back({position, entry.appended_ms, record.key, record.value});
            out.bytes += static_cast<std::uint64_t>(size);
            out.next = position + 1;
        }
        out.next = entry.first + entry.count;
        return true;
    });
    if (!done) return std::unexpected{done.error()};
    if (full && !out.records.empty()) out.next = out.records.back().position + 1;
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
        std::deque<std::vector<std::byte>> copies;
        const auto done = snapshot().read(extent.log, start, [&](const storage::EntryView& entry) {
            if (entry.first >= to) return false;
            if (entry.max_timestamp_ms < ms) return true;
            const auto bytes = contiguous(entry, copies);
            const auto walked = batch::read(bytes, scratch, [&](const batch::Record& record) {
                const auto position = entry.first + record.offset_delta;
                if (record.timestamp < ms || position < begin) return true;
                found = {position, record.timestamp};
                return false;
            });
            copies.clear();
            return walked.has_value() ? !found.has_value() : true;
        });
        if (!done) return {};
    }
    return found;
}

std::optional<std::int64_t> Engine::appended_ms(Shard& shard, Position at) {
    std::optional<std::int64_t> told;
    const auto done = read(shard, at, [&](const storage::EntryView& entry) {
        told = entry.appended_ms;
        return false;
    });
    return done ? told : std::nullopt;
}

std::optional<Refusal> Engine::admit_read_call(Shard& shard) {
    auto& s = *state_;
    const auto now = s.world().clock->now();
    const bool call = shard.read_calls.covers(1, now);
    if (call && shard.read_bytes.positive(now)) {
        shard.read_calls.take(1, now);
        return {};
    }
    auto& bucket = call ? shard.read_bytes : shard.read_calls;
    const auto balance = bucket.balance_thousandths(now);
    const std::int64_t wanted = call ? 1 : 1000;
    Refusal told{.limit = call ? Refusal::Limit::read_bytes : Refusal::Limit::read_calls,
                 .stream = shard.stream->name,
                 .shard = shard.id(),
                 .at = now,
                 .rate = bucket.rate(),
                 .asked = 1,
                 .available = static_cast<double>(balance) / 1000.0,
                 .room_in = milliseconds{(std::max<std::int64_t>(1, wanted - balance) + bucket.rate() - 1) / bucket.rate()},
                 .top_key = {},
                 .top_key_share = 0};
    s.roll_usage(shard);
    ++shard.usage.read_refusals;
    s.events.refused(told);
    return told;
}

bool Engine::read_room(Shard& shard) { return shard.read_bytes.positive(state_->world().clock->now()); }

milliseconds Engine::charge_read(Shard& shard, Door door, std::uint64_t bytes, std::uint64_t records) {
    const auto now = state_->world().clock->now();
    shard.read_bytes.take_read(static_cast<std::int64_t>(bytes), now);
    state_->roll_usage(shard);
    auto& usage = shard.usage;
    (door == Door::kinesis ? usage.bytes_out_kinesis : usage.bytes_out_kafka) += bytes;
    (door == Door::kinesis ? usage.records_out_kinesis : usage.records_out_kafka) += records;
    return shard.read_bytes.debt(now);
}

std::uint64_t Engine::live_bytes(Shard& shard) {
    state_->retain(shard);
    return state_->live_bytes(shard);
}

}  // namespace sluice::streams
