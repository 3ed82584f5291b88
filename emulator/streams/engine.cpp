// Worlds and streams: making, changing and removing them. How they are written down and read back is in catalog/.
#include "emulator/streams/engine.h"

#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {

// ---- small parts of stream.h ----

std::string Shard::id() const {
    auto digits = std::to_string(index);
    return "shardId-" + std::string(12 - std::min<std::size_t>(12, digits.size()), '0') + digits;
}

Shard* Stream::open_shard_for(HashKey key) const {
    const auto after = std::ranges::partition_point(open_ranges, [&](const Shard* s) { return s->range.first <= key; });
    if (after == open_ranges.begin()) return nullptr;
    Shard* shard = *std::prev(after);
    return shard->range.contains(key) ? shard : nullptr;
}

std::size_t Stream::open_shards() const { return open_ranges.size(); }

void Heat::add(std::string_view key, std::int64_t at_second) {
    if (at_second != second) {
        second = at_second;
        total = 0;
        for (auto& slot : slots) slot.count = 0;
    }
    ++total;
    Slot* free = nullptr;
    for (auto& slot : slots) {
        if (slot.count != 0 && slot.key == key) return void(++slot.count);
        if (slot.count == 0) free = &slot;
    }
    if (free) {
        free->key = key;
        free->count = 1;
    } else {
        for (auto& slot : slots) --slot.count;
    }
}

const Heat::Slot* Heat::top() const {
    const auto best = std::ranges::max_element(slots, {}, &Slot::count);
    return best->count == 0 ? nullptr : &*best;
}

void Engine::State::set_buckets(Shard& shard) {
    const auto now = clock_of(shard).now();
    const auto& limits = shard.stream->limits;
    // Rule 10: a write bucket holds one second of its rate, and at least one record of the largest size.
    const auto bytes =
        limits.write_bytes_per_second == 0 ? 0 : std::max(limits.write_bytes_per_second, shard.stream->max_record_bytes);
    shard.write_bytes.change(limits.write_bytes_per_second, bytes, now);
    shard.write_records.change(limits.write_records_per_second, limits.write_records_per_second, now);
    shard.read_bytes.change(limits.read_bytes_per_second, limits.read_bytes_per_second, now);
    shard.read_calls.change(limits.read_calls_per_second, limits.read_calls_per_second, now);
    shard.iterator_calls.change(limits.iterator_calls_per_second, limits.iterator_calls_per_second, now);
    shard.read_records.change(limits.read_records_per_second, limits.read_records_per_second, now);
}

void Engine::State::order_ranges(Stream& stream) {
    stream.open_ranges.clear();
    for (const auto& shard : stream.shards)
        if (shard->open()) stream.open_ranges.push_back(shard.get());
    std::ranges::sort(stream.open_ranges, {}, [](const Shard* shard) { return shard->range.first; });
}

// Shards from that index on leave the stream; the objects stay with it for whoever still waits on them.
void Engine::State::retire_from(Stream& stream, std::size_t shards) {
    while (stream.shards.size() > shards) {
        auto& last = *stream.shards.back();
        last.sealed = true;
        last.trim.stop();
        stream.total -= last.usage;
        last.appended.fire();
        stream.retired.push_back(std::move(stream.shards.back()));
        stream.shards.pop_back();
    }
}

std::unique_ptr<Shard> Engine::State::new_shard(Stream& stream, HashRange range, std::int64_t created_s) {
    auto shard = std::make_unique<Shard>();
    shard->stream = &stream;
    shard->index = static_cast<std::int32_t>(stream.shards.size());
    shard->range = range;
    shard->created_s = created_s;
    shard->extents.push_back({static_cast<LogId>(next_log++), 0, -1});
    group().bind(scope_of(stream), shard->log());   // it is nothing without the stream's record
    shard->opened_ms = to_ms(clock_of(stream).now());
    set_buckets(*shard);
    return shard;
}

// ---- Engine ----

Engine::State::State(Executor e, storage::Store& s, const RealTime& r, Random& c, EngineOptions o)
    : executor(e), store(s), real(r), random(c), options(std::move(o)), disk(e), aside(std::move(e)) {}

Engine::Engine(Executor executor, storage::Store& store, const RealTime& real, Random& random, EngineOptions options)
    : state_(std::make_shared<State>(std::move(executor), store, real, random, std::move(options))) {
    state_->on_removed = &on_removed;
    state_->on_unstored = &on_unstored;
    state_->on_resharded = &on_resharded;
    state_->on_dealt = &on_dealt;
    state_->load();
}

Engine::~Engine() {
    flush();
    // A door may hold a stream for longer; its timers must not.
    for (const auto& [id, books] : state_->worlds)
        for (const auto& [name, stream] : books->streams) {
            stream->ready.stop();
            for (const auto& shard : stream->shards) shard->trim.stop();
        }
    state_->disk.stop();
    state_->aside.stop();
    if (!state_->writer.joinable()) return;
    {
        const std::lock_guard lock{state_->mutex};
        state_->stop_writer = true;
        state_->wake.notify_all();
    }
    state_->writer.join();
}

const EngineOptions& Engine::options() const { return state_->options; }
Executor Engine::executor() const { return state_->executor; }
Random& Engine::random() { return state_->random; }
Events& Engine::events() { return state_->events; }
World& Engine::default_world() { return *state_->worlds.at(WorldId{0}); }
World* Engine::find_world(std::string_view name) {
    for (const auto& [id, books] : state_->worlds)
        if (name.empty() || name == books->name) return books.get();
    return nullptr;
}
std::vector<World*> Engine::worlds() {
    std::vector<World*> all;
    for (const auto& [id, books] : state_->worlds) all.push_back(books.get());
    return all;
}
Result<World*> Engine::make_world(std::string_view name, std::optional<Time> clock) {
    auto& s = *state_;
    if (!bounds::good_name(name)) return std::unexpected{Fault::bad_name};
    if (find_world(name)) return std::unexpected{Fault::exists};
    auto& made = s.make_books(WorldId{s.next_world++}, std::string{name});
    if (clock) (void)made.clock->begin_at(*clock);
    s.save_folder();
    s.save_world(made);
    return &made;
}
void Engine::flush() { state_->flush(); }
const storage::Snapshot& Engine::snapshot() { return state_->snapshot(); }

StreamPointer Engine::find(World& world, std::string_view name) {
    const auto found = world.streams.find(name);
    return found == world.streams.end() ? nullptr : found->second;
}

StreamPointer Engine::find_topic(World& world, const Uuid& id) {
    const auto found = world.by_topic_id.find(raw(id));
    return found == world.by_topic_id.end() ? nullptr : found->second;
}

std::vector<StreamPointer> Engine::list(World& world) {
    std::vector<StreamPointer> all;
    all.reserve(world.streams.size());
    for (const auto& [name, stream] : world.streams) all.push_back(stream);
    std::ranges::sort(all, {}, &Stream::name);
    return all;
}

std::optional<std::string> Engine::collision(World& world, std::string_view name) {
    const auto& names = books_of(world).normalised;
    const auto found = names.find(normalised(name));
    if (found == names.end() || found->second == name) return {};
    return found->second;
}

// What a new stream is not to be: asked by the same code that reads it back.
std::optional<Fault> fault_of(const Engine::NewStream& wanted) {
    if (!bounds::good_name(wanted.name)) return Fault::bad_name;
    const auto most = wanted.manners == Manners::kinesis ? bounds::listed_shards : bounds::topic_partitions;
    if (wanted.shards < 1 || wanted.shards > most) return Fault::bad_count;
    if (!bounds::fault_of_texts(wanted.configs, wanted.tags).empty() ||
        !bounds::fault_of_place(wanted.account, wanted.region).empty())
        return Fault::bad_text;
    return {};
}

Result<Engine::Changed> Engine::create(World& world, NewStream wanted) {
    auto existing = find(world, wanted.name);
    if (existing && !existing->provisional) return std::unexpected{Fault::exists};
    if (collision(world, wanted.name)) return std::unexpected{Fault::name_collides};
    auto& s = *state_;
    if (wanted.region.empty()) wanted.region = s.options.region;
    if (wanted.account.empty()) wanted.account = s.options.account;
    if (const auto fault = fault_of(wanted)) return std::unexpected{*fault};
    const auto now = world.clock->now();
    const bool adopted = existing != nullptr;
    auto stream = adopted ? existing : std::make_shared<Stream>();
    if (adopted) s.end_hours(*stream, to_ms(now));
    stream->world = &world;
    stream->name = wanted.name;
    if (!adopted) {
        stream->id = static_cast<StreamId>(books_of(world).next_stream++);
        stream->topic_id = world.random.uuid();
    }
    stream->manners = wanted.manners;
    stream->profile = wanted.profile;
    stream->limits = profile(wanted.profile).value_or(no_limits);
    stream->created = now;
    stream->retention = wanted.retention_for_ever ? std::nullopt : wanted.retention;
    if (!stream->retention && !wanted.retention_for_ever) stream->retention = std::chrono::hours{default_retention_hours};
    stream->retention_bytes = wanted.retention_bytes;
    stream->max_record_bytes = wanted.max_record_bytes;
    stream->on_demand = wanted.on_demand;
    stream->provisional = wanted.provisional;
    stream->internal = wanted.internal;
    stream->region = wanted.region;
    stream->account = wanted.account;
    stream->configs = wanted.configs;
    stream->tags = wanted.tags;
    stream->status = StreamStatus::active;
    const State::Changing change{s, stream};
    s.bind(scope_of("name " + normalised(wanted.name)));   // whoever else has or had the name stands or falls with it
    const auto created_s = s.create_second(books_of(world), wanted.name);
    // An adopted stream has no record: its partitions are dealt anew, the ones it has keep their logs.
    const auto ranges = even_ranges(wanted.shards);
    const auto had = stream->shards.size();
    for (std::size_t i = ranges.size(); i < stream->shards.size(); ++i) {
        s.group().drop(scope_of(*stream), stream->shards[i]->log());
        s.erase_shard(*stream, stream->shards[i]->index);
    }
    State::retire_from(*stream, ranges.size());
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (i == stream->shards.size()) stream->shards.push_back(s.new_shard(*stream, ranges[i], created_s));
        auto& shard = *stream->shards[i];
        shard.range = ranges[i];
        shard.created_s = created_s;
        for (auto* bucket : shard.buckets()) bucket->clear();
        s.set_buckets(shard);
    }
    State::order_ranges(*stream);
    if (adopted) s.open_shards_changed(*stream);
    s.index(stream);
    s.save_world(world);
    s.save_folder();
    for (const auto& shard : stream->shards) s.save_shard(*shard);
    if (wanted.state_delay && s.options.state_delay.count() > 0)
        s.begin_state(stream, StreamStatus::creating);
    else
        s.save_stream(*stream);
    if (adopted && had != ranges.size()) s.tell_dealt(*stream);
    world.changed.fire();
    return Changed{stream, s.ticket({})};
}

// As at a seal: who reads it looks again.
void Engine::State::tell_dealt(Stream& stream) {
    ++stream.dealt;
    for (const auto& shard : stream.shards) shard->appended.fire();
    for (const auto& told : *on_dealt) told(stream);
}

void Engine::State::begin_state(const StreamPointer& stream, StreamStatus status) {
    stream->status = status;
    stream->ready_at = clock_of(*stream).now() + options.state_delay;
    save_stream(*stream);
    wait_ready(stream, options.state_delay);
}

// Ends CREATING and UPDATING; a stream found DELETING at start goes then.
void Engine::State::wait_ready(const StreamPointer& stream, milliseconds delay) {
    auto& clock = clock_of(*stream);
    stream->ready = Timer{clock, clock.within(timers::state_delay, delay, [this, weak = std::weak_ptr{stream}] {
                              const auto one = weak.lock();
                              if (!one || one->deleted) return;
                              const Changing changing{*this, one};
                              if (one->status == StreamStatus::deleting) return take_away(one);
                              one->status = StreamStatus::active;
                              if (const auto change = std::exchange(one->reshard, std::nullopt))
                                  carry_out(*one, *change);
                              else
                                  save_stream(*one);
                              one->world->changed.fire();
                          })};
}

void Engine::State::take_away(const StreamPointer& stream) {
    const Changing change{*this, stream};
    bind(scope_of("name " + normalised(stream->name)));
    for (const auto& told : *on_removed) told(*stream);
    end_usage(*stream);
    put({}, stream_key(*stream), "");
    for (const auto& shard : stream->shards) {
        erase_shard(*stream, shard->index);
        put({}, shard_key(*stream, shard->index), "");
        for (const auto& [producer, state] : shard->producers) put({}, producer_key(*stream, shard->index, producer), "");
    }
    drop(stream);
}

// Gone at once for both doors; the store frees the pages in its own time. Its keys are the caller's to erase.
void Engine::State::drop(const StreamPointer& stream) {
    unindex(*stream);
    for (const auto& shard : stream->shards) {
        leave_extents(*shard);
        shard->trim.stop();
    }
    stream->ready.stop();
    stream->deleted = true;
    for (const auto& shard : stream->shards) shard->appended.fire();
    stream->world->changed.fire();
}

Result<Ticket> Engine::remove(World& world, std::string_view name, bool state_delay) {
    const auto stream = find(world, name);
    if (!stream) return std::unexpected{Fault::not_found};
    auto& s = *state_;
    const State::Changing change{s, stream};
    if (state_delay && s.options.state_delay.count() > 0) {
        if (stream->status != StreamStatus::deleting) s.begin_state(stream, StreamStatus::deleting);
    } else {
        s.take_away(stream);
    }
    return s.ticket({});
}

Ticket Engine::reset(World& world, std::optional<Time> clock) {
    auto& s = *state_;
    auto& books = books_of(world);
    books.keeping_expired = false;
    books.keeping.stop();
    if (s.writing) s.flush();   // the look below would not see what is on its way
    // One unit for all of it, and nothing of a log is looked at: how much is stored does not matter.
    const Unit whole{*this};
    const auto scope = s.in_unit;
    s.group().undos.emplace_back(scope, [&books, was = world.clock->save(), total = books.total] {
        books.clock->restore(was);
        books.total = total;
    });
    for (const auto& stream : list(world)) {
        const State::Changing change{s, stream};
        for (const auto& told : on_removed) told(*stream);
        s.drop(stream);
    }
    // Whatever is under the world's keys or queued to come there: streams, usage, offsets, groups, name seconds.
    std::vector<std::string> keys;
    for (const auto& queued : s.group().batch.puts) keys.push_back(queued.key);
    s.store.snapshot()->scan(big_endian(std::to_underlying(world.id), 4), [&](std::string_view key, std::string_view) {
        keys.emplace_back(key);
        return true;
    });
    for (const auto& queued : std::vector{s.group().put_scopes}) s.group().bind(scope, queued);
    for (auto& key : keys) s.put({}, std::move(key), "");
    books.name_seconds.clear();
    // Producer ids go on: a client of before may live, and a new one with its id would take its records for repeated ones.
    const auto real = world.clock->real();
    const auto start = clock.value_or(real);
    world.clock->restore({false, 1.0, (start - real).count(), to_ms(start), to_ms(real)});
    books.total = {};
    s.save_world(world);
    return s.ticket({});
}

Result<Ticket> Engine::set_retention(Stream& stream, std::optional<milliseconds> retention) {
    auto& s = *state_;
    const State::Changing change{s, stream.shared_from_this()};
    // First what the old value has dropped by now: raising brings nothing back.
    for (const auto& shard : stream.shards) {
        s.trim(*shard);
        s.group().bind(scope_of(stream), shard->log());   // a raise without these trims would bring records back
    }
    stream.retention = retention;
    for (const auto& shard : stream.shards) {
        shard->trim_armed = false;
        s.arm_trim(*shard);
    }
    stream.trim_when_stored = true;
    s.save_stream(stream);
    return s.ticket({});
}

Ticket Engine::set_limits(Stream& stream, std::string_view profile, const StreamLimits& limits) {
    const State::Changing change{*state_, stream.shared_from_this()};
    stream.profile = profile;
    stream.limits = limits;
    for (const auto& shard : stream.shards) {
        state_->set_buckets(*shard);
        state_->touch(*shard);
    }
    state_->save_stream(stream);
    return state_->ticket({});
}

Result<Ticket> Engine::set_config(Stream& stream, const std::string& key, std::optional<std::string> value) {
    using Texts = std::map<std::string, std::string>;
    if (!bounds::fault_of_texts(Texts{{key, value.value_or("")}}, Texts{}).empty()) return std::unexpected{Fault::bad_text};
    const State::Changing change{*state_, stream.shared_from_this()};
    if (value)
        stream.configs[key] = *value;
    else
        stream.configs.erase(key);
    state_->save_stream(stream);
    return state_->ticket({});
}

// ---- what doors keep ----

Ticket Engine::put(World& world, std::string_view key, std::string_view value) {
    const auto scope = scope_of(key);
    state_->put(scope, key_of(world.id, 'D', key), std::string{value});
    return state_->ticket(scope);
}

std::optional<std::string> Engine::get(World& world, std::string_view key) {
    const auto value = state_->store.snapshot()->get(key_of(world.id, 'D', key));
    if (!value) return {};
    return std::string{*value};
}

void Engine::scan(World& world, std::string_view prefix, const std::function<void(std::string_view, std::string_view)>& visit) {
    const auto start = key_of(world.id, 'D');
    state_->store.snapshot()->scan(start + std::string{prefix}, [&](std::string_view key, std::string_view value) {
        visit(key.substr(start.size()), value);
        return true;
    });
}

// Ids are reserved in blocks that are written down first, so that none is given out twice after a kill.
Result<std::int64_t> Engine::next_producer_id(World& world) {
    auto& books = books_of(world);
    if (books.next_producer == books.producers_reserved) {
        books.producers_reserved += 1000;
        state_->save_world(world);
        const auto reserved = state_->ticket({});
        state_->flush();
        if (const auto stored = reserved.outcome(); !stored) {
            books.producers_reserved = books.next_producer;   // the next who asks tries again
            return std::unexpected{stored.error()};
        }
    }
    return books.next_producer++;
}

}   // namespace sluice::streams
