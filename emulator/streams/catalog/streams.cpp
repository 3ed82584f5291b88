// Streams: made, adopted, and taken away, each with the state delay that it goes through.
#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/state_delay.h"
#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {

void Catalog::order_ranges(Stream& stream) {
    stream.open_ranges.clear();
    for (auto& shard : stream.shards)
        if (shard->open()) stream.open_ranges.push_back(shard.get());
    std::ranges::sort(stream.open_ranges, {}, [](const Shard* shard) { return shard->range.first; });
}

// Shards from that index on leave the stream; the objects stay with it for whoever still waits on them.
void Catalog::retire_from(Stream& stream, std::size_t shards) {
    while (stream.shards.size() > shards) {
        auto& last = *stream.shards.back();
        last.sealed = true;
        last.trim.stop();
        last.dirt.timer.stop();
        stream.total -= last.usage;
        last.appended.fire();
        stream.retired.push_back(std::move(stream.shards.back()));
        stream.shards.pop_back();
    }
}

std::unique_ptr<Shard> Catalog::new_shard(Stream& stream, HashRange range, std::int64_t created_s) {
    auto shard = std::make_unique<Shard>();
    shard->stream = &stream;
    shard->index = static_cast<std::int32_t>(stream.shards.size());
    shard->range = range;
    shard->created_s = created_s;
    shard->extents.push_back({new_log(), 0, -1});
    engine_.writer.group().bind(scope_of(stream), shard->log());   // it is nothing without the stream's record
    shard->opened_ms = to_ms(clock_of(stream).now());
    if (stream.encrypted()) shard->encrypted.begin(0, 0);
    set_buckets(*shard);
    return shard;
}

// What a new stream is not to be: asked by the same code that reads it back.
std::optional<Fault> fault_of(const Engine::NewStream& wanted) {
    if (!bounds::good_name(wanted.name)) return Fault::bad_name;
    const auto most = wanted.manners == Manners::kinesis ? bounds::listed_shards : bounds::topic_partitions;
    if (wanted.shards < 1 || wanted.shards > most) return Fault::bad_count;
    if (!bounds::fault_of_texts(wanted.configs, wanted.tags).empty() ||
        !bounds::fault_of_place(wanted.account, wanted.region).empty())
        return Fault::bad_text;
    if (!bounds::fault_of_capacity(wanted.warm_mibps, 0).empty()) return Fault::bad_count;
    return {};
}

Result<Engine::Changed> Catalog::create(World& world, Engine::NewStream wanted) {
    auto existing = find(world, wanted.name);
    if (existing && !existing->provisional) return std::unexpected{Fault::exists};
    if (collision(world, wanted.name)) return std::unexpected{Fault::name_collides};
    if (wanted.region.empty()) wanted.region = engine_.options.region;
    if (wanted.account.empty()) wanted.account = engine_.options.account;
    if (const auto fault = fault_of(wanted)) return std::unexpected{*fault};
    const auto now = world.clock->now();
    const bool adopted = existing != nullptr;
    auto stream = adopted ? existing : std::make_shared<Stream>();
    if (adopted) engine_.upkeep.end_hours(*stream, to_ms(now));
    stream->world = &world;
    stream->name = wanted.name;
    if (!adopted) {
        stream->id = StreamId{books_of(world).next_stream++};
        stream->topic_id = world.random.uuid();
    }
    stream->manners = wanted.manners;
    stream->profile = wanted.profile;
    stream->limits = profile(wanted.profile).value_or(no_limits);
    stream->created = now;
    stream->retention = wanted.retention_for_ever ? std::nullopt : wanted.retention;
    if (!stream->retention && !wanted.retention_for_ever) stream->retention = std::chrono::hours{default_retention_hours};
    stream->retention_bytes = wanted.retention_bytes;
    stream->compaction = wanted.compaction;
    stream->max_record_bytes = wanted.max_record_bytes;
    stream->on_demand = wanted.on_demand;
    stream->placing = wanted.placing;
    stream->provisional = wanted.provisional;
    stream->internal = wanted.internal;
    stream->region = wanted.region;
    stream->account = wanted.account;
    stream->configs = wanted.configs;
    stream->tags = wanted.tags;
    stream->warm_mibps = wanted.warm_mibps;
    stream->status = StreamStatus::active;
    const Writer::Changing change{engine_.writer, stream};
    engine_.writer.bind(
        scope_of("name " + normalised(wanted.name)));   // whoever else has or had the name stands or falls with it
    const auto created_s = create_second(books_of(world), wanted.name);
    // An adopted stream has no record: its partitions are dealt anew, the ones it has keep their logs.
    const auto ranges = even_ranges(wanted.shards);
    const auto had = stream->shards.size();
    for (std::size_t i = ranges.size(); i < stream->shards.size(); ++i) {
        engine_.writer.group().drop(scope_of(*stream), stream->shards[i]->log());
        erase_shard(*stream, stream->shards[i]->index);
    }
    retire_from(*stream, ranges.size());
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (i == stream->shards.size()) stream->shards.push_back(new_shard(*stream, ranges[i], created_s));
        auto& shard = *stream->shards[i];
        shard.range = ranges[i];
        shard.created_s = created_s;
        for (auto* bucket : shard.buckets()) bucket->clear();
        set_buckets(shard);
    }
    order_ranges(*stream);
    if (adopted) engine_.upkeep.open_shards_changed(*stream);
    index(stream);
    save_world(world);
    save_folder();
    for (auto& shard : stream->shards) save_shard(*shard);
    if (wanted.state_delay && engine_.options.state_delay.count() > 0)
        begin_state(stream, StreamStatus::creating);
    else
        save_stream(*stream);
    if (adopted && had != ranges.size()) tell_dealt(*stream);
    world.changed.fire();
    return Engine::Changed{stream, engine_.writer.ticket({})};
}

// As at a seal: who reads it looks again.
void Catalog::tell_dealt(Stream& stream) {
    ++stream.dealt;
    for (auto& shard : stream.shards) shard->appended.fire();
    for (const auto& told : engine_.listeners.on_dealt) told(stream);
}

void Catalog::begin_state(const OwnedStream& stream, StreamStatus status) {
    stream->status = status;
    stream->ready_at = clock_of(*stream).now() + engine_.options.state_delay;
    count(*stream);
    save_stream(*stream);
    wait_ready(stream, engine_.options.state_delay);
}

// Ends CREATING and UPDATING; a stream found DELETING at start goes then.
void Catalog::wait_ready(const OwnedStream& stream, milliseconds delay) {
    stream->ready = end_of_state(clock_of(*stream), delay, [this, weak = std::weak_ptr{stream}] {
        const auto one = weak.lock();
        if (!one || one->deleted) return;
        const Writer::Changing changing{engine_.writer, one};
        if (one->status == StreamStatus::deleting) return take_away(one);
        one->status = StreamStatus::active;
        count(*one);
        if (const auto change = std::exchange(one->change, std::nullopt))
            carry_out(*one, *change);
        else
            save_stream(*one);
        one->world->changed.fire();
    });
}

void Catalog::take_away(const OwnedStream& stream) {
    const Writer::Changing change{engine_.writer, stream};
    engine_.writer.bind(scope_of("name " + normalised(stream->name)));
    for (const auto& told : engine_.listeners.on_removed) told(*stream);
    engine_.upkeep.end_usage(*stream);
    engine_.writer.put({}, stream_key(*stream), "");
    erase_expired(*stream);
    for (const auto& [name, consumer] : stream->consumers) erase_consumer(*stream, name);
    books_of(*stream).channels->erase_stored(*stream);
    for (auto& shard : stream->shards) {
        erase_shard(*stream, shard->index);
        engine_.writer.put({}, shard_key(*stream, shard->index), "");
        for (const auto& [producer, state] : shard->producers)
            engine_.writer.put({}, producer_key(*stream, shard->index, producer), "");
        for (const auto& one : shard->aborted) engine_.writer.put({}, aborted_key(*stream, shard->index, one.last), "");
    }
    drop(stream);
}

// Gone at once for both doors; the store frees the pages in its own time. Its keys are the caller's to erase.
void Catalog::drop(const OwnedStream& stream) {
    unindex(*stream);
    for (auto& shard : stream->shards) {
        engine_.extents.leave_all(*shard);
        shard->trim.stop();
        shard->dirt.timer.stop();
    }
    stream->ready.stop();
    stream->mark.stop();
    stream->deleted = true;
    end_consumers(*stream);
    books_of(*stream).channels->end(*stream);
    count(*stream);
    for (auto& shard : stream->shards) shard->appended.fire();
    stream->world->changed.fire();
}

Result<Ticket> Catalog::remove(World& world, std::string_view name, bool state_delay) {
    const auto stream = find(world, name);
    if (!stream) return std::unexpected{Fault::not_found};
    const Writer::Changing change{engine_.writer, stream};
    if (state_delay && engine_.options.state_delay.count() > 0) {
        if (stream->status != StreamStatus::deleting) begin_state(stream, StreamStatus::deleting);
    } else {
        take_away(stream);
    }
    return engine_.writer.ticket({});
}

}   // namespace sluice::streams
