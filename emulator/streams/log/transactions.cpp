// Transactions in a shard's log. A producer's transaction begins with its first record there and ends with a marker: a batch with
// one control record, which takes a position. Below the first one that is open all is decided. What was aborted stays in the log
// and is known by its range, kept with the shard until retention has taken it.
#include <algorithm>

#include "emulator/streams/state.h"
#include "protocol/batch/builder.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

// KIP-98: version and type of a marker, then version and the epoch of who ended it.
std::vector<std::byte> bytes_of_marker(const Ending& ending, Position at, std::int64_t now_ms) {
    std::array<std::byte, 4> key{};
    std::array<std::byte, 6> value{};
    batch::store<std::int16_t>(key.data() + 2, ending.commit ? 1 : 0);
    batch::store<std::int32_t>(value.data() + 2, ending.coordinator_epoch);
    const batch::Record record{.timestamp = now_ms, .key = key, .value = value};
    return batch::build({&record, 1}, {.base_offset = at,
                                       .leader_epoch = 0,
                                       .attributes = batch::attribute::transactional | batch::attribute::control,
                                       .producer_id = ending.producer_id,
                                       .producer_epoch = ending.producer_epoch});
}

auto first_behind(const auto& aborted, Position from) { return std::ranges::lower_bound(aborted, from, {}, &Aborted::last); }

}   // namespace

std::string encode_aborted(const Aborted& one) {
    return big_endian(static_cast<std::uint64_t>(one.producer_id)) + big_endian(static_cast<std::uint64_t>(one.first)) +
           big_endian(static_cast<std::uint64_t>(one.stable));
}

std::optional<Aborted> decode_aborted(std::string_view key, std::string_view value) {
    if (key.size() != 8 || value.size() != 24) return {};
    const auto number = [](std::string_view bytes, std::size_t at) {
        return static_cast<std::int64_t>(read_big_endian(bytes.substr(at, 8)));
    };
    const Aborted one{
        .producer_id = number(value, 0), .first = number(value, 8), .last = number(key, 0), .stable = number(value, 16)};
    if (one.first < 0 || one.first > one.last || one.stable < 0) return {};
    return one;
}

bool was_aborted(std::span<const Aborted> aborted, std::int64_t producer, Position position) {
    for (auto one = first_behind(aborted, position); one != aborted.end(); ++one) {
        if (one->producer_id == producer && one->first <= position) return true;
        if (one->stable > position) break;   // those behind it began later
    }
    return false;
}

std::vector<Aborted> aborted_in(const Shard& shard, Position from, Position before) {
    std::vector<Aborted> found;
    for (auto one = first_behind(shard.aborted, from); one != shard.aborted.end(); ++one) {
        if (one->first < before) found.push_back(*one);
        if (one->stable >= before) break;
    }
    return found;
}

void Upkeep::forget_aborted(Shard& shard) {
    const auto kept = first_behind(std::as_const(shard.aborted), shard.begin);
    for (auto one = shard.aborted.cbegin(); one != kept; ++one)
        engine_.writer.put(shard.log(), aborted_key(*shard.stream, shard.index, one->last), "");
    shard.aborted.erase(shard.aborted.cbegin(), kept);
}

storage::Bytes Writer::marker(const Ending& ending, Position at, std::int64_t now_ms) {
    return group().markers.emplace_back(bytes_of_marker(ending, at, now_ms));
}

Result<Ticket> Writer::end_transaction(Shard& shard, const Ending& ending) {
    auto& stream = *shard.stream;
    if (stream.deleted || shard.expired) return std::unexpected{Fault::not_found};
    if (const auto known = shard.producers.find(ending.producer_id); known != shard.producers.end()) {
        if (ending.producer_epoch < known->second.epoch) return std::unexpected{Fault::invalid_producer_epoch};
        if (ending.coordinator_epoch < known->second.coordinator_epoch) return std::unexpected{Fault::coordinator_fenced};
    }
    engine_.catalog.need(transactions_feature);
    const auto log = shard.log();
    const auto now_ms = std::max(to_ms(clock_of(shard).now()), shard.last_appended_ms);
    const auto at = shard.queued_end;
    const auto bytes = marker(ending, at, now_ms);
    group().batch.appends.push_back(
        {log, {.first = at, .count = 1, .appended_ms = now_ms, .max_timestamp_ms = now_ms, .pieces = {bytes, {}}}});
    group().bytes += bytes.size();
    shard.queued_end = at + 1;
    shard.last_appended_ms = now_ms;
    auto& state = written_by(shard, ending.producer_id);
    if (std::exchange(state.epoch, ending.producer_epoch) != ending.producer_epoch) state.recent.clear();
    state.coordinator_epoch = ending.coordinator_epoch;
    state.last_ms = now_ms;
    if (const auto first = std::exchange(state.open, std::nullopt)) {
        shard.open_transactions.erase(*first);
        if (!ending.commit) {
            const Aborted one{
                .producer_id = ending.producer_id, .first = *first, .last = at, .stable = shard.first_open().value_or(at + 1)};
            shard.aborted.push_back(one);
            if (!planted("aborted-range-not-stored")) put(log, aborted_key(stream, shard.index, at), encode_aborted(one));
        }
    }
    touched(shard, bytes.size());
    engine_.upkeep.count(shard, now_ms, [&](Usage& usage) { usage.stored_bytes += bytes.size(); });
    return ticket(log, at);
}

ProducerState Writer::abort_in_fork(const Stream& fork, const Shard& parent, LogId next, Position at, std::int64_t producer) {
    auto state = parent.producers.at(producer);
    const auto now_ms = std::max(to_ms(clock_of(fork).now()), parent.last_appended_ms);
    state.coordinator_epoch = std::max(state.coordinator_epoch, 0);
    state.last_ms = now_ms;
    const auto bytes = marker(
        {.producer_id = producer, .producer_epoch = state.epoch, .coordinator_epoch = state.coordinator_epoch}, at, now_ms);
    group().batch.appends.push_back(
        {next, {.first = at, .count = 1, .appended_ms = now_ms, .max_timestamp_ms = now_ms, .pieces = {bytes, {}}}});
    group().bytes += bytes.size();
    bind(next);
    const Aborted one{
        .producer_id = producer, .first = *std::exchange(state.open, std::nullopt), .last = at, .stable = *parent.first_open()};
    put({}, aborted_key(fork, parent.index, at), encode_aborted(one));
    return state;
}

}   // namespace sluice::streams
