// Single records out of whole batches, for Kinesis readers and tools. A batch is unpacked once and remembered with marks, so that
// a reader with a small limit neither unpacks it again nor walks it from its start each time.
#include <fmt/format.h>

#include <algorithm>

#include "emulator/streams/log/joined.h"
#include "emulator/streams/state.h"
#include "protocol/batch/reader.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

constexpr std::size_t most_batches = 64, most_unpacked_bytes = 64 << 20;
constexpr std::int32_t mark_every = 32;

// Nothing when it is in pieces.
std::span<const std::byte> in_one_piece(const storage::EntryView& entry) {
    return entry.pieces.size() == 1 ? entry.pieces[0] : std::span<const std::byte>{};
}

std::optional<batch::BatchHeader> header_of(const storage::EntryView& entry) {
    if (const auto whole = in_one_piece(entry); !whole.empty()) return batch::parse_header(whole);
    std::array<std::byte, batch::header_bytes> head{};
    std::span<std::byte> to{head};
    for (const auto piece : entry.pieces) {
        const auto part = piece.first(std::min(piece.size(), to.size()));
        std::ranges::copy(part, to.begin());
        to = to.subspan(part.size());
    }
    return batch::parse_header(head);
}

// One call of Reader::records.
class Walk {
  public:
    Walk(Events& events, const Shard& shard, Position from, ChunkLimits limits, Position before, std::list<Unpacked>& earlier)
        : events_(events), shard_(shard), from_(from), limits_(limits), before_(before), earlier_(earlier) {
        chunk.next = from;
    }

    // False: it goes no further.
    bool visit(LogId log, const storage::EntryView& entry) {
        if (std::ssize(chunk.records) >= limits_.records) return false;
        const auto header = header_of(entry);
        if (!header || header->control()) return behind(entry);
        if (header->transactional() && was_aborted(shard_.aborted, header->producer_id, entry.first)) return behind(entry);
        const auto whole = in_one_piece(entry);
        const bool in_place = header->codec() == batch::Codec::none && !whole.empty();
        // A short batch that can be read where it lies needs no marks.
        if (in_place && header->count <= mark_every) return take(entry, *header, whole.subspan(batch::header_bytes), nullptr);
        auto& known = remembered(log, entry.first);
        if (in_place) return take(entry, *header, whole.subspan(batch::header_bytes), &known.marks);
        if (!known.bytes) {
            const bool enough = !chunk.records.empty() && unpacked_bytes_ > most_unpacked_bytes;
            if (enough || !unpack(entry, *header, known)) {
                met.pop_front();
                return !enough && skip(entry, "a batch cannot be unpacked and is skipped");
            }
        }
        chunk.unpacked.push_back(known.bytes);
        return take(entry, *header, *known.bytes, &known.marks);
    }

    Chunk chunk;
    std::list<Unpacked> met;   // last used first

  private:
    bool behind(const storage::EntryView& entry) {
        chunk.next = entry.first + entry.count;
        return chunk.next < before_;
    }

    bool skip(const storage::EntryView& entry, std::string_view why) {
        events_.note(fmt::format("{} {}: {}", shard_.stream->name, shard_.id(), why));
        return behind(entry);
    }

    // A batch is met once in a call: only those of earlier calls are looked through.
    Unpacked& remembered(LogId log, Position first) {
        const auto known = std::ranges::find_if(
            earlier_, [&](auto& one) { return (one.log == log || planted("batch-of-another-log")) && one.first == first; });
        if (known == earlier_.end())
            met.push_front({.log = log, .first = first, .bytes = {}, .marks = {}});
        else
            met.splice(met.begin(), earlier_, known);
        return met.front();
    }

    bool unpack(const storage::EntryView& entry, const batch::BatchHeader& header, Unpacked& to) {
        auto bytes = std::make_shared<std::vector<std::byte>>();
        if (header.codec() == batch::Codec::none) {
            *bytes = joined(entry, batch::header_bytes);
        } else {
            std::vector<std::byte> copy;
            auto whole = in_one_piece(entry);
            if (whole.empty()) whole = copy = joined(entry);
            if (!batch::payload_of(whole, header, *bytes)) return false;
        }
        unpacked_bytes_ += bytes->size();
        to.bytes = std::move(bytes);
        return true;
    }

    // From the last mark at or before the first wanted record.
    bool take(const storage::EntryView& entry, const batch::BatchHeader& header, std::span<const std::byte> payload,
              std::vector<Unpacked::Mark>* marks) {
        Unpacked::Mark start;
        if (marks) {
            const auto after =
                std::ranges::partition_point(*marks, [&](auto& mark) { return entry.first + mark.delta <= from_; });
            if (after != marks->begin()) start = *std::prev(after);
        }
        batch::Cursor in{payload.subspan(start.at)};
        for (auto at = start.index; at < header.count; ++at) {
            const auto place = payload.size() - in.left();
            batch::Record record;
            if (!batch::read_record(in, header.base_timestamp, record))
                return skip(entry, "a batch has a broken record and is cut there");
            if (marks && at % mark_every == 0 && (marks->empty() || marks->back().index < at))
                marks->push_back({at, record.offset_delta, place});
            if (!add(entry, record)) return false;
        }
        return behind(entry);
    }

    bool add(const storage::EntryView& entry, const batch::Record& record) {
        const auto position = entry.first + record.offset_delta;
        if (position < from_) return true;
        const auto size =
            static_cast<std::int64_t>((record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0));
        if (size > max_record_bytes) {
            events_.note_once(fmt::format("{} {}: the record at {} has more than 10 MiB and is not shown to Kinesis readers",
                                          shard_.stream->name, shard_.id(), position));
            chunk.next = position + 1;
            return true;
        }
        if (std::ssize(chunk.records) >= limits_.records ||
            (!chunk.records.empty() && static_cast<std::int64_t>(chunk.bytes) + size > limits_.bytes))
            return false;
        chunk.records.push_back({position, entry.appended_ms, record.key, record.value});
        chunk.bytes += static_cast<std::uint64_t>(size);
        chunk.next = position + 1;
        return true;
    }

    Events& events_;
    const Shard& shard_;
    Position from_;
    ChunkLimits limits_;
    Position before_;
    std::list<Unpacked>& earlier_;
    std::size_t unpacked_bytes_ = 0;
};

}   // namespace

Result<Chunk> Reader::records(Shard& shard, Position from, ChunkLimits limits, Position before) {
    Walk walk{engine_.events, shard, std::max(from, bounds(shard).begin), limits, before, unpacked_};
    walk.chunk.pinned = pin();
    for (const auto& extent : shard.extents) {
        const auto to = extent.to < 0 ? shard.stable() : std::min(extent.to, shard.stable());
        if (walk.chunk.next >= to) continue;
        bool going = true;
        const auto done = snapshot().read(
            extent.log, std::max(walk.chunk.next, extent.from),
            [&](const storage::EntryView& entry) { return entry.first < to && (going = walk.visit(extent.log, entry)); });
        if (!done) return std::unexpected{Fault::storage};
        if (!going) break;
    }
    unpacked_.splice(unpacked_.begin(), walk.met);
    forget_unpacked();
    return std::move(walk.chunk);
}

void Reader::forget_unpacked() {
    std::size_t held = 0, batches = 0;
    for (auto one = unpacked_.begin(); one != unpacked_.end();) {
        held += one->bytes ? one->bytes->size() : 0;
        one = ++batches > most_batches || held > most_unpacked_bytes ? unpacked_.erase(one) : std::next(one);
    }
}

}   // namespace sluice::streams
