// Appending within a transaction. Each block is filled where it will lie in the file, so an entry's bytes are copied once.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>

#include "storage/lmdb/cursor.h"

namespace sluice::storage::lmdb {

// Appends entries to one log: fills up its last block, then opens further ones.
class Writer {
  public:
    Writer(Cursor& cursor, LogId log) : cursor_(cursor), log_(log) {
        const auto last = cursor_.last(log);
        if (!last) {
            header_ = {.log = static_cast<std::uint64_t>(log),
                       .end = -1,
                       .running_max_ms = block::no_time,
                       .appended_ms = block::no_time};
            return;
        }
        header_ = last->header;
        part_ = last->part;
        if (!room_for_head()) return;
        // The old page stays readable in the map until this transaction is gone.
        reserve(MDB_CURRENT);
        if (!at_) return;
        const auto heads = block::payload_limit(header_.starts);
        std::memcpy(at_, last->data, header_.used);
        std::memcpy(at_ + heads, last->data + heads, block::value_bytes - heads);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void append(const Entry& entry) {
        const std::size_t size = entry.pieces[0].size() + entry.pieces[1].size();
        if (entry.count == 0 || entry.first < 0 || entry.first < header_.end)
            stop("an entry must follow the last one and hold a record");
        if (entry.appended_ms < header_.appended_ms) stop("append time must not decrease within a log");
        if (size > std::numeric_limits<std::uint32_t>::max()) stop("an entry must be smaller than 4 GiB");
        if (!at_ || !room_for_head()) open(entry.first, 0);
        if (!at_) return;
        if (header_.starts == 0) header_.first_start = static_cast<std::uint16_t>(header_.used);
        const EntryHeader start{entry.first, entry.appended_ms, entry.max_timestamp_ms, entry.count,
                                static_cast<std::uint32_t>(size)};
        header_.end = start.end();
        header_.bytes += size;
        header_.appended_ms = entry.appended_ms;
        header_.running_max_ms = std::max(header_.running_max_ms, entry.max_timestamp_ms);
        header_.own_max_ms = std::max(header_.own_max_ms, entry.max_timestamp_ms);
        std::memcpy(at_ + block::head_at(header_.starts++), &start, sizeof start);
        for (auto piece : entry.pieces)
            while (!piece.empty()) {
                if (header_.used == block::payload_limit(header_.starts))
                    open(entry.first, header_.lead == entry.first ? part_ + 1 : 1);
                if (!at_) return;
                const auto n = std::min(piece.size(), block::payload_limit(header_.starts) - header_.used);
                std::memcpy(at_ + header_.used, piece.data(), n);
                header_.used += static_cast<std::uint32_t>(n);
                piece = piece.subspan(n);
            }
    }

    // LMDB's answer to all of it.
    int finish() {
        close();
        return cursor_.rc;
    }

  private:
    bool room_for_head() const { return header_.used + sizeof(EntryHeader) <= block::payload_limit(header_.starts); }
    void close() {
        if (at_) std::memcpy(at_, &header_, sizeof header_);
        at_ = nullptr;
    }
    void open(Position lead, std::uint32_t part) {
        close();
        header_.lead = lead;
        header_.used = sizeof(Header);
        header_.starts = header_.first_start = 0;
        header_.own_max_ms = block::no_time;
        part_ = part;
        reserve(0);
    }
    // The bytes stay put until the next change, so a block is complete before the next one is opened.
    void reserve(unsigned flags) {
        const Key name(log_, header_.lead, part_);
        MDB_val key = val(name), value{block::value_bytes, nullptr};
        if (cursor_.rc == 0) cursor_.rc = mdb_cursor_put(cursor_.raw(), &key, &value, MDB_RESERVE | flags);
        at_ = cursor_.rc == 0 ? static_cast<std::byte*>(value.mv_data) : nullptr;
    }

    Cursor& cursor_;
    LogId log_;
    Header header_;
    std::uint32_t part_ = 0;
    std::byte* at_ = nullptr;
};

}   // namespace sluice::storage::lmdb
