// Appending: limits, idempotence, and the queue. An append decides everything but the commit at once; readers see nothing
// before the commit.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "emulator/streams/state.h"
#include "protocol/batch/header.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

// Sequences count to 2^31 - 1 and go on at 0.
std::int32_t sequence_after(std::int32_t sequence, std::uint32_t count) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(sequence) + count) & 0x7fffffffu);
}

// What an idempotent producer's batch is: the next one, one we have, or a fault (KIP-98; seen: Kafka 4.4).
Result<std::optional<ProducerState::Appended>> check_producer(const Shard& shard, const Append& append) {
    const auto known = shard.producers.find(append.producer_id);
    if (known == shard.producers.end()) return std::optional<ProducerState::Appended>{};
    const auto& state = known->second;
    if (append.producer_epoch < state.epoch && !planted("old-epoch-taken")) return std::unexpected{Fault::invalid_producer_epoch};
    const bool first = append.producer_epoch > state.epoch || state.recent.empty();
    if (!first) {
        const auto last = sequence_after(append.base_sequence, append.records - 1);
        for (const auto& one : state.recent)
            if (one.first == append.base_sequence && one.last == last) return std::optional{one};
    }
    const auto expected = first ? 0 : sequence_after(state.recent.back().last, 1);
    if (append.base_sequence != expected && !(!first && planted("gap-in-sequence-taken")))
        return std::unexpected{Fault::out_of_order_sequence};
    if (state.open && !append.transactional) return std::unexpected{Fault::transaction_open};
    return std::optional<ProducerState::Appended>{};
}

bool idempotent(const Append& append) { return append.producer_id >= 0 && append.base_sequence >= 0; }

Refusal refusal_of(const Shard& shard, Refusal::Limit limit, Bucket& bucket, std::int64_t asked, Time now) {
    const auto balance = bucket.balance_thousandths(now);
    const auto missing = std::max<std::int64_t>(1, asked * 1000 - balance);
    Refusal told{.limit = limit,
                 .stream = shard.stream->name,
                 .shard = shard.id(),
                 .at = now,
                 .rate = bucket.rate(),
                 .asked = asked,
                 .available = static_cast<double>(balance) / 1000.0,
                 .room_in = milliseconds{(missing + bucket.rate() - 1) / bucket.rate()},
                 .top_key = {}};
    if (const auto* top = shard.heat ? shard.heat->top() : nullptr) {
        told.top_key = top->key;
        told.top_key_share = static_cast<double>(top->count) / static_cast<double>(std::max<std::uint32_t>(1, shard.heat->total));
    }
    return told;
}

}   // namespace

std::string encode_producer(const ProducerState& state, milliseconds live_ahead) {
    std::string out = big_endian(static_cast<std::uint16_t>(state.epoch), 2);
    out += big_endian(static_cast<std::uint64_t>(to_ms(state.wrote - live_ahead)));
    for (const auto& one : state.recent) {
        out += big_endian(static_cast<std::uint32_t>(one.first), 4) + big_endian(static_cast<std::uint32_t>(one.last), 4);
        out += big_endian(static_cast<std::uint64_t>(one.base)) + big_endian(static_cast<std::uint64_t>(one.timestamp_ms));
    }
    if (state.open || state.coordinator_epoch >= 0) {   // it writes in transactions
        out += big_endian(static_cast<std::uint64_t>(state.open.value_or(-1)));
        out += big_endian(static_cast<std::uint32_t>(state.coordinator_epoch), 4);
        out += big_endian(static_cast<std::uint64_t>(state.last_ms));
    }
    return out;
}

std::optional<ProducerState> decode_producer(std::string_view bytes) {
    const auto number = [&](std::size_t size) {
        const auto value = read_big_endian(bytes.substr(0, size));
        bytes.remove_prefix(size);
        return value;
    };
    constexpr std::size_t before_batches = 10, of_a_batch = 24, of_transactions = 20;
    const bool transactions = bytes.size() % of_a_batch == (before_batches + of_transactions) % of_a_batch;
    if (!transactions && bytes.size() % of_a_batch != before_batches) return {};
    if (bytes.size() < before_batches + (transactions ? of_transactions : 0)) return {};
    ProducerState state;
    state.epoch = static_cast<std::int16_t>(number(2));
    state.wrote = from_ms(static_cast<std::int64_t>(number(8)));
    while (bytes.size() >= of_a_batch) {
        auto& one = state.recent.emplace_back();
        one.first = static_cast<std::int32_t>(number(4));
        one.last = static_cast<std::int32_t>(number(4));
        one.base = static_cast<Position>(number(8));
        one.timestamp_ms = static_cast<std::int64_t>(number(8));
    }
    if (!transactions) return state;
    if (const auto open = static_cast<Position>(number(8)); open >= 0) state.open = open;
    state.coordinator_epoch = static_cast<std::int32_t>(number(4));
    state.last_ms = static_cast<std::int64_t>(number(8));
    return state;
}

std::optional<Refusal> Writer::admit(Shard& shard, std::uint64_t bytes, std::uint32_t records, std::string_view key) {
    if (shard.write_bytes.unlimited() && shard.write_records.unlimited()) return {};
    const auto now = clock_of(shard).now();
    if (!shard.heat) shard.heat = std::make_unique<Heat>();
    shard.heat->add(key, to_ms(now) / 1000);
    const auto cost = static_cast<std::int64_t>(bytes), count = static_cast<std::int64_t>(records);
    const bool room = shard.write_records.covers(count, now);
    if (room && shard.write_bytes.covers(cost, now)) {
        shard.write_records.take(planted("token-taken-twice") ? 2 * count : count, now);
        shard.write_bytes.take(cost, now);
        return {};
    }
    auto told = room ? refusal_of(shard, Refusal::Limit::write_bytes, shard.write_bytes, cost, now)
                     : refusal_of(shard, Refusal::Limit::write_records, shard.write_records, count, now);
    engine_.upkeep.count(shard, to_ms(now), [&](Usage& usage) { usage.write_refusals += records; });
    touch_lazily(shard);
    want_room(shard, count, cost);
    engine_.events.refused(told);
    return told;
}

// `clock auto`: room for all that this shard has refused while the clock stood here, or for as much as its buckets can hold.
void Writer::want_room(Shard& shard, std::int64_t records, std::int64_t bytes) {
    auto& clock = clock_of(shard);
    if (!clock.automatic()) return;
    const auto now = clock.now();
    if (shard.asked.at != now) shard.asked = {now, 0, 0};
    shard.asked.records += records;
    shard.asked.bytes += bytes;
    const auto wait = [&](Bucket& bucket, std::int64_t asked) {
        if (bucket.unlimited()) return milliseconds{0};
        const auto missing = std::min(asked, bucket.capacity()) * 1000 - bucket.balance_thousandths(now);
        return milliseconds{missing <= 0 ? 0 : (missing + bucket.rate() - 1) / bucket.rate()};
    };
    clock.want(now + std::max(wait(shard.write_records, shard.asked.records), wait(shard.write_bytes, shard.asked.bytes)));
}

milliseconds Writer::charge_write(Shard& shard, std::uint64_t bytes, std::uint32_t records) {
    auto& clock = clock_of(shard);
    const auto now = clock.now();
    shard.write_records.take(static_cast<std::int64_t>(records), now);
    shard.write_bytes.take(static_cast<std::int64_t>(bytes), now);
    const auto by_records = shard.write_records.debt(now), by_bytes = shard.write_bytes.debt(now);
    const auto debt = std::max(by_records, by_bytes);
    if (!shard.write_records.unlimited() || !shard.write_bytes.unlimited()) touch_lazily(shard);
    if (debt.count() > 0) clock.want(now + debt);
    if (debt.count() > 0 && engine_.events.watched()) {
        auto told =
            by_records >= by_bytes
                ? refusal_of(shard, Refusal::Limit::write_records, shard.write_records, static_cast<std::int64_t>(records), now)
                : refusal_of(shard, Refusal::Limit::write_bytes, shard.write_bytes, static_cast<std::int64_t>(bytes), now);
        told.room_in = debt;
        engine_.events.refused(told);
    }
    return debt;
}

Result<Queued> Writer::append(Shard& shard, const Append& append) {
    auto& stream = *shard.stream;
    if (stream.deleted) return std::unexpected{Fault::not_found};
    if (shard.sealed) return std::unexpected{Fault::sealed};
    if (append.records == 0 || append.batch.size() < batch::header_bytes)
        stop_for_bug("an append is one whole batch with records");
    const auto log = shard.log();
    if (idempotent(append)) {
        const auto checked = check_producer(shard, append);
        if (!checked) return std::unexpected{checked.error()};
        if (const auto& same = *checked) {
            Queued told{.appended_ms = same->timestamp_ms, .duplicate = true, .ticket = Ticket{nullptr, {}, same->base}};
            // The first one may not be committed yet; a later group of the same log stands or falls with it.
            if (open_ && shard.touched_in == open_->serial)
                told.ticket = ticket(shard.touched_log, same->base);
            else if (same->base >= shard.end && writing_)
                told.ticket = Ticket{writing_, shard.touched_log, same->base};
            return told;
        }
    }
    const auto now_ms = std::max(append.at_ms != 0 ? append.at_ms : to_ms(clock_of(shard).now()), shard.last_appended_ms);
    const auto base = shard.queued_end;
    const auto last_delta = batch::load<std::int32_t>(append.batch.data() + batch::at::last_offset_delta);
    const auto span = std::max(append.records, static_cast<std::uint32_t>(last_delta) + 1);
    auto& mine = group();
    // Base offset and leader epoch lie outside the checksum; they are patched on the way into the store.
    auto& head = mine.heads.emplace_back();
    std::memcpy(head.data(), append.batch.data(), head.size());
    batch::store<std::int64_t>(head.data() + batch::at::base_offset, base);
    batch::store<std::int32_t>(head.data() + batch::at::leader_epoch, 0);
    mine.batch.appends.push_back({log,
                                  {.first = base,
                                   .count = span,
                                   .appended_ms = now_ms,
                                   .max_timestamp_ms = append.max_timestamp_ms,
                                   .pieces = {storage::Bytes{head}, append.batch.subspan(head.size())}}});
    mine.bytes += append.batch.size();
    shard.queued_end = base + span;
    if (planted("shown-before-commit")) shard.end = shard.queued_end;
    shard.last_appended_ms = now_ms;
    if (idempotent(append)) remember(shard, append, base);
    touched(shard, append.batch.size());
    const auto each = append.payload_bytes / append.records;
    const auto units = append.units_25k != 0 ? append.units_25k : append.records * ((each + 25 * 1024 - 1) / (25 * 1024));
    const auto rounded = append.rounded_1k_bytes != 0 ? append.rounded_1k_bytes : append.records * ((each + 1023) / 1024 * 1024);
    engine_.upkeep.count(shard, now_ms, [&](Usage& usage) {
        usage.records_in += append.records + (planted("usage-counted-twice") ? append.records : 0);
        usage.bytes_in += append.payload_bytes;
        usage.payload_units_25k += units;
        usage.bytes_in_rounded_1k += rounded;
        usage.stored_bytes += append.batch.size();
    });
    if (stream.on_demand) engine_.upkeep.was_written(shard, now_ms, append.payload_bytes, append.records);
    if (stream.provisional) {
        stream.provisional = false;
        lately_final_.emplace_back(&stream, mine.serial);
        engine_.catalog.save_stream(stream);
        engine_.catalog.count(stream);
    }
    if (!lately_final_.empty())
        for (const auto& [one, serial] : lately_final_)
            if (one == &stream) mine.bind(log, scope_of(stream));
    return Queued{.appended_ms = now_ms, .ticket = ticket(log, base)};
}

// The shard's new end goes to readers with the group.
void Writer::touched(Shard& shard, std::uint64_t bytes) {
    auto& mine = group();
    const auto log = shard.log();
    if (std::exchange(shard.touched_in, mine.serial) != mine.serial) {
        shard.touched_at = mine.touched.size();
        mine.touched.push_back({{shard.stream->shared_from_this(), &shard, log}, 0, 0, {}});
        shard.touched_log = log;
    }
    auto& one = mine.touched[shard.touched_at];
    one.end = shard.queued_end;
    one.bytes += bytes;
    one.undecided = planted("lso-ignores-open-transaction") ? std::nullopt : shard.first_open();
    touch(shard);
    bind(log);
}

ProducerState& Writer::written_by(Shard& shard, std::int64_t producer) {
    auto& mine = group();
    auto& writers = mine.producers;
    auto& books = books_of(*shard.stream);
    if (std::exchange(books.live_read_in, mine.serial) != mine.serial) books.live = books.clock->live();
    auto& state = shard.producers[producer];
    state.wrote = books.live;
    engine_.upkeep.watch_producer(shard, producer, state);
    const Group::Writer one{&shard, shard.log(), producer};
    const auto from = writers.size() > 8 ? writers.end() - 8 : writers.begin();
    if (std::find(from, writers.end(), one) == writers.end()) writers.push_back(one);
    return state;
}

void Writer::remember(Shard& shard, const Append& append, Position base) {
    auto& state = written_by(shard, append.producer_id);
    if (append.producer_epoch != state.epoch) state.recent.clear();
    state.epoch = append.producer_epoch;
    state.recent.push_back(
        {append.base_sequence, sequence_after(append.base_sequence, append.records - 1), base, append.max_timestamp_ms});
    if (state.recent.size() > (planted("duplicates-of-four") ? 4 : 5)) state.recent.pop_front();
    if (state.coordinator_epoch >= 0) state.last_ms = append.max_timestamp_ms;
    if (!append.transactional) return;
    state.last_ms = append.max_timestamp_ms;
    if (state.open) return;
    state.open = base;
    shard.open_transactions.insert(base);
    engine_.catalog.need(transactions_feature);
}

Result<Queued> Writer::forward(Shard& sealed, const Append& whole, std::span<const Part> parts) {
    if (sealed.stream->deleted) return std::unexpected{Fault::not_found};
    const auto log = sealed.log();
    if (idempotent(whole)) {
        const auto checked = check_producer(sealed, whole);
        if (!checked) return std::unexpected{checked.error()};
        if (const auto& same = *checked) {
            Queued told{.appended_ms = same->timestamp_ms, .duplicate = true, .ticket = Ticket{nullptr, {}, same->base}};
            if (open_ && sealed.dirty_in == open_->serial)
                told.ticket = ticket(log, same->base);
            else if (writing_ && sealed.dirty_in == writing_->serial)
                told.ticket = Ticket{writing_, log, same->base};
            return told;
        }
    }
    if (parts.empty()) stop_for_bug("a batch is forwarded in at least one part");
    std::vector<LogId> logs;
    Queued told;
    for (const auto& part : parts) {
        const auto queued = append(own(*part.shard), part.append);
        if (!queued) stop_for_bug("a part of a forwarded batch goes to an open shard and names no producer");
        told.appended_ms = std::max(told.appended_ms, queued->appended_ms);
        logs.push_back(part.shard->log());
    }
    if (idempotent(whole)) {
        remember(sealed, whole, -1);
        touch(sealed);
        logs.push_back(log);
    }
    told.ticket = ticket(logs.front());
    for (std::size_t i = 1; i < logs.size(); ++i) group().bind(logs.front(), logs[i]);
    return told;
}

}   // namespace sluice::streams
