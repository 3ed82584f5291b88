// What is left of a log. Source: Kafka's documentation of log compaction, KIP-98 and KIP-534 (tombstones and markers carry the
// time at which they go in the base timestamp of their batch).
#include "emulator/streams/log/cleaning.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "emulator/streams/compaction.h"
#include "emulator/streams/log/reader.h"
#include "protocol/batch/builder.h"
#include "protocol/batch/reader.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

constexpr std::size_t first_slots = 1024;
constexpr std::int64_t furthest_ms = std::int64_t{1} << 61;   // settings come from clients: sums must not overflow

std::int64_t behind(std::int64_t ms, std::int64_t span) { return span >= furthest_ms - ms ? furthest_ms : ms + span; }

}   // namespace

std::optional<std::int64_t> next_run_ms(const CompactionRules& rules, const Dirt& dirt, std::int64_t after_ms) {
    std::int64_t due = furthest_ms;
    if (dirt.horizon_ms > 0) due = dirt.horizon_ms;
    if (dirt.dirty_bytes > 0) {
        const auto may = behind(dirt.first_ms, rules.min_lag_ms);   // not before
        due = std::min(due, std::max(may, behind(dirt.first_ms, rules.max_lag_ms)));
        const auto all = static_cast<double>(dirt.dirty_bytes) + static_cast<double>(dirt.clean_bytes);
        if (static_cast<double>(dirt.dirty_bytes) > rules.min_dirty_ratio * all) {
            const bool full = dirt.dirty_bytes >= static_cast<std::uint64_t>(rules.segment_bytes);
            const auto rolled = full ? dirt.first_ms : behind(dirt.first_ms, rules.segment_ms);
            due = std::min(due, std::max(rolled, may));
        }
    }
    if (due >= furthest_ms) return {};
    due = std::max(due, after_ms + 1);
    const auto step = std::max<std::int64_t>(rules.backoff_ms, 1);
    return (due + step - 1) / step * step;
}

// ---- keys ----

LastOfKeys::LastOfKeys(std::uint64_t most_bytes)
    : most_slots_(std::max<std::size_t>(most_bytes / sizeof(Slot), first_slots)), most_(most_slots_ / 10 * 9) {}

LastOfKeys::Slot LastOfKeys::slot_of(batch::Bytes key) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash.data());
    Slot slot;
    std::memcpy(&slot.high, hash.data(), 8);
    std::memcpy(&slot.low, hash.data() + 8, 8);
    return slot;
}

std::size_t LastOfKeys::place_of(const Slot& slot) const {
    auto at = slot.high % slots_.size();
    while (slots_[at].at >= 0 && (slots_[at].high != slot.high || slots_[at].low != slot.low)) at = (at + 1) % slots_.size();
    return at;
}

void LastOfKeys::grow(std::size_t slots) {
    auto before = std::move(slots_);
    slots_ = std::vector<Slot>(slots);
    for (const auto& slot : before)
        if (slot.at >= 0) slots_[place_of(slot)] = slot;
}

void LastOfKeys::put(batch::Bytes key, Position at) {
    if ((used_ + 1) * 10 > slots_.size() * 9) {
        // One batch that alone has more keys than the table may have gets room all the same: else it would never be compacted.
        const auto twice = std::max(first_slots, 2 * slots_.size());
        grow(used_ < most_ ? std::min(twice, most_slots_) : twice);
    }
    auto slot = slot_of(key);
    auto& found = slots_[place_of(slot)];
    if (found.at < 0) ++used_;
    slot.at = planted("compaction-keeps-the-first") && found.at >= 0 ? found.at : std::max(found.at, at);
    found = slot;
}

Position LastOfKeys::of(batch::Bytes key) const { return slots_.empty() ? Position{-1} : slots_[place_of(slot_of(key))].at; }

// ---- batches ----

bool Cleaning::aborted(const batch::BatchHeader& header, Position first) const {
    return header.transactional() && was_aborted(options_.aborted, header.producer_id, first);
}

bool Cleaning::learn(Position first, batch::Bytes batch) {
    const auto header = batch::parse_header(batch);
    if (!header || header->control() || aborted(*header, first)) return true;
    const auto records = static_cast<std::size_t>(std::max(header->count, 0));
    if (keys_.size() > 0 && !keys_.fits(records)) return false;
    (void)batch::read(batch, scratch_, [&](const batch::Record& record) {
        if (record.key) keys_.put(*record.key, first + record.offset_delta);
        return true;
    });   // one that cannot be read stays as it is
    return true;
}

// A marker stays while there is anything of its transaction below it, and then as long as a tombstone.
Cleaning::Left Cleaning::clean_marker(Position first, batch::Bytes batch, const batch::BatchHeader& header, bool last) {
    if (in_transaction_.erase(header.producer_id) != 0) return {};
    if (header.attributes & batch::attribute::delete_horizon) {
        if (header.base_timestamp > options_.now_ms) {
            remember(header.base_timestamp);
            return {};
        }
        if (last) return {};
        markers_gone_.push_back(first);
        return {.what = Left::nothing};
    }
    std::vector<batch::Record> records;
    const auto walked = batch::read(batch, scratch_, [&](const batch::Record& record) {
        records.push_back(record);
        return true;
    });
    if (!walked) return {};
    const auto horizon = behind(options_.now_ms, options_.delete_retention_ms);
    remember(horizon);
    return {.what = Left::changed, .bytes = batch::rebuild(header, records, horizon), .max_timestamp_ms = header.max_timestamp};
}

Cleaning::Left Cleaning::clean(Position first, batch::Bytes batch, bool last) {
    const auto header = batch::parse_header(batch);
    if (!header) return {};
    if (header->control()) return clean_marker(first, batch, *header, last);
    if (header->transactional()) in_transaction_.insert(header->producer_id);
    const bool marked = header->attributes & batch::attribute::delete_horizon;
    const bool over = marked && header->base_timestamp <= options_.now_ms;
    std::vector<batch::Record> kept;
    bool tombstones = false;
    if (!aborted(*header, first)) {
        const auto walked = batch::read(batch, scratch_, [&](const batch::Record& record) {
            // Records without a key are of before the topic was compacted; nothing could ever take their place.
            if (!record.key) return true;
            const auto of_key = keys_.of(*record.key);
            if (of_key >= 0 && of_key != first + record.offset_delta) return true;
            if (!record.value && over) return true;
            tombstones |= !record.value;
            kept.push_back(record);
            return true;
        });
        if (!walked) return {};   // unreadable: nothing of it is lost
    }
    std::optional<std::int64_t> horizon;
    if (marked) horizon = header->base_timestamp;
    if (tombstones && !marked) horizon = behind(options_.now_ms, options_.delete_retention_ms);
    if (tombstones) remember(*horizon);
    const bool needed = last || (options_.last_of_producers.contains(first) && !planted("producers-last-batch-goes"));
    if (kept.empty() && !needed) return {.what = Left::nothing};
    if (std::ssize(kept) == header->count && horizon.has_value() == marked) return {};
    Left left{.what = Left::changed, .bytes = batch::rebuild(*header, kept, horizon)};
    left.max_timestamp_ms = batch::parse_header(left.bytes)->max_timestamp;
    return left;
}

}   // namespace sluice::streams
