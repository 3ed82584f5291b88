// What the store has, read back into memory: at the start, and after a change that could not be stored.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "emulator/streams/catalog/state_delay.h"
#include "emulator/streams/catalog/stored.h"
#include "storage/planted.h"

namespace sluice::streams {

// Onto an existing object when there is one, so that whoever holds the stream or a shard goes on holding it.
void Catalog::load_stream(Books& books, const StoredStream& stored, const std::function<bool(const Shard&)>& afresh) {
    const auto& in = stored.stream;
    OwnedStream stream;
    if (const auto found = books.by_id.find(in.id()); found != books.by_id.end()) stream = found->second.lock();
    const bool known = stream != nullptr;
    if (!known) stream = std::make_shared<Stream>();
    stream->world = &books;
    stream->id = static_cast<StreamId>(in.id());
    stream->name = in.name();
    std::memcpy(stream->topic_id.data(), in.topic_id().data(), std::min<std::size_t>(16, in.topic_id().size()));
    stream->manners = static_cast<Manners>(in.manners());
    stream->profile = in.profile();
    stream->limits = {in.limits().write_bytes_per_second(),    in.limits().write_records_per_second(),
                      in.limits().read_bytes_per_second(),     in.limits().read_calls_per_second(),
                      in.limits().iterator_calls_per_second(), in.limits().read_records_per_second(),
                      in.limits().write_burst_bytes()};
    stream->created = from_ms(in.created_ms());
    stream->retention.reset();
    if (in.retention_ms() >= 0) stream->retention = milliseconds{in.retention_ms()};
    stream->retention_bytes.reset();
    if (in.has_retention_bytes()) stream->retention_bytes = in.retention_bytes();
    stream->compaction.reset();
    if (const auto& from = in.compaction(); in.has_compaction())
        stream->compaction = {.deletes = from.deletes(),
                              .delete_retention_ms = from.delete_retention_ms(),
                              .min_lag_ms = from.min_lag_ms(),
                              .max_lag_ms = from.max_lag_ms(),
                              .segment_ms = from.segment_ms(),
                              .segment_bytes = from.segment_bytes(),
                              .min_dirty_ratio = from.min_dirty_ratio(),
                              .buffer_bytes = from.buffer_bytes(),
                              .backoff_ms = from.backoff_ms()};
    stream->max_record_bytes = in.max_record_bytes();
    stream->on_demand = in.on_demand();
    stream->provisional = in.provisional();
    stream->internal = in.internal();
    stream->region = in.region();
    stream->account = in.account();
    stream->configs = {in.configs().begin(), in.configs().end()};
    stream->tags = {in.tags().begin(), in.tags().end()};
    stream->status = static_cast<StreamStatus>(in.status());
    stream->ready_at = from_ms(in.ready_ms());
    read_attributes(in, *stream);
    const auto counted = stream->total;
    stream->total -= stream->expired_usage;
    stream->expired_usage = {};
    if (std::string_view stored_usage = in.expired_usage(); !stored_usage.empty()) {
        const auto usage = take_usage(stored_usage);
        if (!usage) damaged("what expired shards counted is none", stored.key);
        stream->total += stream->expired_usage = *usage;
    }
    retire_from(*stream, stored.shards.size());   // an undone reshard's children
    books.total -= counted, books.total += stream->total;
    for (const auto& told : stored.shards) {
        const bool made = static_cast<std::size_t>(told.index()) >= stream->shards.size();
        if (made) stream->shards.push_back(std::make_unique<Shard>());
        auto& shard = *stream->shards[static_cast<std::size_t>(told.index())];
        shard.stream = stream.get();
        shard.index = told.index();
        shard.range = {{told.first_high(), told.first_low()}, {told.last_high(), told.last_low()}};
        shard.parents = {told.parents().begin(), told.parents().end()};
        shard.children.clear();
        shard.created_s = told.created_s();
        shard.closed.reset();
        if (told.closed_ms() != 0) shard.closed = from_ms(told.closed_ms());
        shard.sealed = told.sealed();
        shard.opened_ms = told.opened_ms();
        const bool was_expired = std::exchange(shard.expired, is_expired(told));
        if (!made) engine_.extents.forget(shard);
        shard.extents.clear();
        for (const auto& extent : told.extents())
            shard.extents.push_back(
                {static_cast<LogId>(extent.log()), extent.from(), extent.to(), extent.compacted(), extent.horizon_ms()});
        shard.pending = LogId{told.pending_log()};
        engine_.extents.share(shard);
        shard.encrypted.clear();
        for (const auto& span : told.encrypted()) shard.encrypted.read({span.from(), span.to()});
        if (made || !afresh || afresh(shard) || was_expired != shard.expired)
            read_shard(shard);
        else
            keep_shard(shard);
    }
    for (auto& shard : stream->shards)
        for (const auto parent : shard->parents)
            stream->shards[static_cast<std::size_t>(parent)]->children.push_back(shard->index);
    order_ranges(*stream);
    index(stream);
    load_consumers(*stream, stored, known);
    engine_.upkeep.arm_mark(*stream);
    books.channels->load(stream, stored, known);
    if (stream->status == StreamStatus::active) return;
    wait_ready(stream, state_left(stream->ready_at, books.clock->now(), engine_.options.state_delay, known));
}

namespace {

// Where the store was told that the log begins. The first records of a compacted one may be gone, and its begin is where it was.
Position begin_of(const Shard& shard, const storage::Snapshot& now) {
    const auto& first = shard.extents.front();
    return std::max(first.from, first.compacted ? shard.trimmed : now.bounds(first.log).begin);
}

}   // namespace

// Everything of a shard that is not in the catalog.
void Catalog::read_shard(Shard& shard) {
    if (shard.stream->deleted) return;
    const auto store_now = engine_.store.snapshot();
    for (auto* bucket : shard.buckets()) bucket->clear();
    set_buckets(shard);
    shard.last_appended_ms = 0;
    shard.busy = {};
    const auto counted = std::exchange(shard.usage, {});
    shard.trimmed = -1;   // no running value says how much is stored
    if (const auto value = shard.expired ? std::nullopt : store_now->get(shard_key(*shard.stream, shard.index)))
        if (!read_running_value(*value, shard)) damaged("a shard's counters are none", shard_key(*shard.stream, shard.index));
    const auto known = std::exchange(shard.producers, {});
    shard.open_transactions.clear();
    const auto prefix = producers_key(*shard.stream, shard.index);
    store_now->scan(prefix, [&](std::string_view key, std::string_view value) {
        const auto id = read_big_endian(key.substr(prefix.size()));
        auto state = decode_producer(value);
        if (!state) damaged("a producer's batches are none", key);
        if (planted("producers-lost-at-restart")) return true;
        const auto producer = static_cast<std::int64_t>(id);
        const auto before = known.find(producer);
        state->watched = before != known.end() && before->second.watched;
        state->wrote = std::min(state->wrote, clock_of(shard).live());
        if (state->open) shard.open_transactions.insert(*state->open);
        engine_.upkeep.watch_producer(shard, producer, shard.producers[producer] = std::move(*state));
        return true;
    });
    shard.undecided = shard.first_open();
    shard.aborted.clear();
    const auto ended = aborted_keys(*shard.stream, shard.index);
    store_now->scan(ended, [&](std::string_view key, std::string_view value) {
        const auto one = decode_aborted(key.substr(ended.size()), value);
        if (!one) damaged("an aborted transaction is none", key);
        shard.aborted.push_back(*one);
        return true;
    });
    const auto& last = shard.extents.back();
    const auto tail = store_now->bounds(last.log);
    shard.end = std::max(last.from, tail.end);
    // With the running value lost or older than the log, the log says when it was appended to last.
    if (tail.begin < tail.end)
        (void)store_now->read(last.log, tail.end - 1, [&](const storage::EntryView& entry) {
            shard.last_appended_ms = std::max(shard.last_appended_ms, entry.appended_ms);
            return false;
        });
    if (!planted("queued-end-not-undone") || shard.queued_end == 0) shard.queued_end = shard.end;
    shard.begin = begin_of(shard, *store_now);
    // What is stored is known for the begin at which it was counted.
    if (std::exchange(shard.trimmed, shard.begin) != shard.begin && shard.begin < shard.end)
        shard.usage.stored_bytes = engine_.upkeep.live_bytes(shard);
    engine_.upkeep.count_again(shard, counted);
    shard.front_known = shard.trim_armed = shard.kept_known = false;
    shard.sized_end = -1;
    engine_.upkeep.arm_trim(shard);
    engine_.cleaner.look_again(shard);
}

// Whose stream is as it was before a change that could not be stored: its own records, tokens and counters stand.
void Catalog::keep_shard(Shard& shard) {
    set_buckets(shard);
    shard.begin = begin_of(shard, *engine_.store.snapshot());   // readers may have met another retention
    shard.front_known = shard.trim_armed = shard.kept_known = false;
    shard.sized_end = -1;
    engine_.upkeep.arm_trim(shard);
    engine_.cleaner.look_again(shard);
}

// One stream as the store has it, after a change to it that could not be stored; one that the store does not have goes.
bool Catalog::reload_stream(const OwnedStream& stream, const std::function<bool(const Shard&)>& afresh) {
    auto& books = books_of(*stream);
    if (const auto stored = stored_stream(*engine_.store.snapshot(), books.id, stream->id)) {
        if (stream->deleted) books.total -= stream->total;   // it comes back as another object, which counts itself
        stream->meter.reset();
        stream->metered_until_ms = 0;
        stream->trim_when_stored = false;
        load_stream(books, *stored, afresh);
        return true;
    }
    if (stream->deleted) return true;
    books.total -= stream->total;
    if (const auto found = books.streams.find(stream->name); found != books.streams.end() && found->second == stream)
        unindex(*stream);
    stream->ready.stop();
    stream->mark.stop();
    stream->deleted = true;
    end_consumers(*stream);
    books.channels->end(*stream);
    count(*stream);
    for (auto& shard : stream->shards) {
        shard->trim.stop();
        shard->dirt.timer.stop();
        shard->appended.fire();
    }
    return false;
}

void Catalog::load() {
    const auto now = engine_.store.snapshot();
    load_folder(*now);
    load_worlds(*now);
    pass_leftovers(*now);
    std::set<std::uint64_t> appended;
    for (const auto& [id, books] : worlds_) {
        const auto stored = stored_streams(*now, id);
        check(stored, books->next_stream, next_log_, appended);
        for (const auto& stream : stored) load_stream(*books, stream);
    }
}

// A record that was set aside leaves its numbers unknown: those that are given out from then on lie above all that can have been.
constexpr std::uint64_t far_ahead = std::uint64_t{1} << 40;

void Catalog::load_folder(const storage::Snapshot& now) {
    const auto key = folder_key();
    if (const auto value = now.get(key)) {
        catalog::Folder in;
        if (!in.ParseFromArray(value->data(), static_cast<int>(value->size())))
            damaged("the folder's record does not parse", key);
        check(in, key);
        next_log_ = in.next_log();
        features_ = {in.features().begin(), in.features().end()};
        next_world_ = std::max(next_world_, in.next_world());
        return;
    }
    now.scan(world_key(), [&](std::string_view, std::string_view) {
        next_log_ = far_ahead;
        return true;
    });
}

void Catalog::load_worlds(const storage::Snapshot& now) {
    now.scan(world_key(), [&](std::string_view key, std::string_view value) {
        catalog::World in;
        if (!in.ParseFromArray(value.data(), static_cast<int>(value.size())) || key != world_key(WorldId{in.id()}))
            damaged("a world's record does not parse", key);
        check(in, key);
        auto& books = make_books(WorldId{in.id()}, in.name());
        const auto& c = in.clock();
        books.clock->restore({c.frozen(), c.rate(), c.offset_ms(), c.now_ms(), c.real_ms(), c.live_virtual(), c.automatic()});
        books.next_stream = in.next_stream();
        books.next_producer = books.producers_reserved = in.next_producer();
        return true;
    });
    if (worlds_.contains(WorldId{0})) return;
    auto& books = make_books(WorldId{0}, "default");
    if (!now.get(folder_key())) return;
    books.next_stream = far_ahead;
    books.next_producer = books.producers_reserved = static_cast<std::int64_t>(far_ahead);
}

// A damaged folder may hold something under numbers that, as it seems, were not given out yet. New numbers begin above all of it:
// what is made under them would be another thing at the next start.
void Catalog::pass_leftovers(const storage::Snapshot& now) {
    constexpr std::uint64_t none_above = std::uint64_t{1} << 59;
    const auto pass = []<class Number>(Number& next, std::uint64_t used) {
        next = std::max(next, static_cast<Number>(used + 1));
    };
    // The greatest number below `end`, in `bytes` bytes behind the prefix, of those under which there is a key.
    const auto greatest = [&](const std::string& prefix, std::uint64_t end, int bytes) -> std::optional<std::uint64_t> {
        auto key = now.key_before(prefix + big_endian(end, bytes));
        while (key && key->starts_with(prefix) && key->size() < prefix.size() + static_cast<std::size_t>(bytes))
            key = now.key_before(*key);
        if (!key || !key->starts_with(prefix)) return {};
        return read_big_endian(key->substr(prefix.size(), static_cast<std::size_t>(bytes)));
    };
    if (const auto log = now.last_log(); log && std::to_underlying(*log) < none_above) pass(next_log_, std::to_underlying(*log));
    for (const auto& prefix : {std::string{}, world_key()})
        if (const auto world = greatest(prefix, most_worlds, 4)) pass(next_world_, *world);
    for (const auto& [id, books] : worlds_)
        for (const char kind : {'H', 'X', 'R', 'P', 'T', 'U', 'M', 'C', 'K', 'G'})
            if (const auto stream = greatest(key_of(id, kind), none_above, 8)) pass(books->next_stream, *stream);
}

// Rule 14: per name create seconds only grow, and that is remembered after a deletion.
std::int64_t Catalog::create_second(Books& books, std::string_view name) {
    const auto key = key_of(books.id, 'N', name);
    auto& last = books.name_seconds[std::string{name}];
    if (last == 0)
        if (const auto value = engine_.store.snapshot()->get(key)) {
            std::from_chars(value->data(), value->data() + value->size(), last);
            if (last < 0 || last > std::int64_t{1} << 40) damaged("a name's last create second is none", key);
        }
    const auto second = last = std::max(to_ms(books.clock->now()) / 1000, last + 1);
    engine_.writer.put({}, key, std::to_string(second));
    return second;
}

}   // namespace sluice::streams
