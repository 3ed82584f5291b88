// The front of the engine: what doors call goes to the part whose it is. Doors hold streams and shards const; behind this file
// they are the engine's own.
#include "emulator/streams/engine.h"

#include <cstdio>
#include <cstdlib>

#include "emulator/streams/state.h"

namespace sluice::streams {

void stop_for_bug(const char* why) {
    std::fprintf(stderr, "engine: %s\n", why);
    std::abort();
}

Engine::State::State(Engine& front, Executor e, storage::Store& s, const RealTime& r, Random& c, EngineOptions o)
    : listeners(front),
      executor(e),
      store(s),
      real(r),
      random(c),
      options(std::move(o)),
      catalog(*this),
      extents(*this),
      writer(*this),
      reader(*this, e),
      upkeep(*this),
      cleaner(*this, e),
      kept(*this),
      aside(std::move(e)) {}

Engine::Engine(Executor executor, storage::Store& store, const RealTime& real, Random& random, EngineOptions options)
    : state_(std::make_shared<State>(*this, std::move(executor), store, real, random, std::move(options))) {
    state_->catalog.load();
    state_->queues = std::make_unique<Queues>(*this);
}

Engine::~Engine() {
    flush();
    state_->queues.reset();   // with their timers
    // A door may hold a stream for longer; its timers must not.
    for (const auto& [id, books] : state_->catalog.worlds()) {
        books->channels->stop();
        for (const auto& [name, stream] : books->streams) {
            own(*stream).ready.stop();
            own(*stream).mark.stop();
            for (auto& [called, consumer] : own(*stream).consumers) consumer->ready.stop();
            for (auto& shard : own(*stream).shards) {
                shard->trim.stop();
                shard->dirt.timer.stop();
            }
        }
    }
    state_->cleaner.stop();
    state_->reader.stop();
    state_->aside.stop();
    state_->writer.stop();
}

Queues& Engine::queues() { return *state_->queues; }
const EngineOptions& Engine::options() const { return state_->options; }
Executor Engine::executor() const { return state_->executor; }
Random& Engine::random() { return state_->random; }
Events& Engine::events() { return state_->events; }

// ---- worlds and streams ----

World& Engine::default_world() { return *state_->catalog.worlds().at(WorldId{0}); }
World* Engine::find_world(std::string_view name) { return state_->catalog.find_world(name); }
std::vector<World*> Engine::worlds() {
    std::vector<World*> all;
    for (const auto& [id, books] : state_->catalog.worlds()) all.push_back(books.get());
    return all;
}
Result<World*> Engine::make_world(std::string_view name, std::optional<Time> clock) {
    return state_->catalog.make_world(name, clock);
}
Ticket Engine::reset(World& world, std::optional<Time> clock) { return state_->catalog.reset(world, clock); }
StreamPointer Engine::find(World& world, std::string_view name) { return state_->catalog.find(world, name); }
StreamPointer Engine::find_topic(World& world, const Uuid& id) { return state_->catalog.find_topic(world, id); }
std::vector<StreamPointer> Engine::list(World& world) { return state_->catalog.list(world); }
Result<Engine::Changed> Engine::create(World& world, NewStream wanted) {
    return state_->catalog.create(world, std::move(wanted));
}
std::optional<std::string> Engine::collision(World& world, std::string_view name) {
    return state_->catalog.collision(world, name);
}
Result<Ticket> Engine::remove(World& world, std::string_view name, bool state_delay) {
    return state_->catalog.remove(world, name, state_delay);
}
Result<Ticket> Engine::split(const Stream& stream, std::int32_t shard, HashKey new_start) {
    return state_->catalog.split(own(stream), shard, new_start);
}
Result<Ticket> Engine::merge(const Stream& stream, std::int32_t first, std::int32_t second) {
    return state_->catalog.merge(own(stream), first, second);
}
Result<Ticket> Engine::add_partitions(const Stream& stream, std::int32_t total) {
    return state_->catalog.add_partitions(own(stream), total);
}
Result<Engine::Changed> Engine::fork(const Stream& stream, World& into, std::string name) {
    return state_->catalog.fork(own(stream), into, std::move(name));
}
Result<Ticket> Engine::set_retention(const Stream& stream, std::optional<milliseconds> retention) {
    return state_->catalog.set_retention(own(stream), retention);
}
Ticket Engine::set_limits(const Stream& stream, std::string_view profile, const StreamLimits& limits) {
    return state_->catalog.set_limits(own(stream), profile, limits);
}
Result<Ticket> Engine::register_consumer(const Stream& stream, const std::string& name, std::map<std::string, std::string> tags) {
    return state_->catalog.register_consumer(own(stream), name, std::move(tags));
}
Result<Ticket> Engine::deregister_consumer(const Stream& stream, std::string_view name) {
    return state_->catalog.deregister_consumer(own(stream), name);
}
Result<std::shared_ptr<Subscription>> Engine::subscribe(const Stream& stream, std::string_view consumer, std::int32_t shard) {
    return state_->catalog.subscribe(own(stream), consumer, shard);
}
Result<Ticket> Engine::set_settings(const Stream& stream, Settings settings) {
    return state_->catalog.set_settings(own(stream), std::move(settings));
}
Ticket Engine::delete_before(const Shard& shard, Position position) { return state_->upkeep.delete_before(own(shard), position); }
Result<Ticket> Engine::set_config(const Stream& stream, const std::string& key, std::optional<std::string> value) {
    return state_->catalog.set_config(own(stream), key, std::move(value));
}
Result<Ticket> Engine::scale(const Stream& stream, std::int32_t shards) { return state_->catalog.scale(own(stream), shards); }
Result<Ticket> Engine::set_key(const Stream& stream, std::string key) {
    return state_->catalog.rekey(own(stream), std::move(key));
}
Result<Ticket> Engine::set_capacity(const Stream& stream, const Capacity& capacity) {
    return state_->catalog.set_capacity(own(stream), capacity);
}
Result<Ticket> Engine::set_tags(const Stream& stream, std::map<std::string, std::string> tags, std::string_view consumer) {
    return state_->catalog.set_tags(own(stream), std::move(tags), consumer);
}
Result<Ticket> Engine::set_policy(const Stream& stream, std::string policy, std::string_view consumer) {
    return state_->catalog.set_policy(own(stream), std::move(policy), consumer);
}
Ticket Engine::set_metrics(const Stream& stream, std::uint32_t metrics) {
    return state_->catalog.set_metrics(own(stream), metrics);
}
Result<Ticket> Engine::set_largest_record(const Stream& stream, std::int64_t bytes) {
    return state_->catalog.set_largest_record(own(stream), bytes);
}
Ticket Engine::set_spread(const Stream& stream, bool spread) { return state_->catalog.set_spread(own(stream), spread); }
const Shard* Engine::take_turn(const Stream& stream) {
    if (stream.open_ranges.empty()) return nullptr;
    return stream.open_ranges[own(stream).next_spread++ % stream.open_ranges.size()].get();
}
std::int64_t Engine::write_capacity(const Stream& stream) const {
    return streams::write_capacity(stream.limits, options().write_burst_bytes, stream.max_record_bytes);
}
std::optional<milliseconds> Engine::admit_call(World& world, std::string_view who, std::int64_t per_second) {
    const auto room_in = books_of(world).calls.admit(who, per_second, world.clock->now());
    if (room_in) world.clock->want(world.clock->now() + *room_in);
    return room_in;
}
Ticket Engine::settled(const Stream& stream) { return state_->catalog.settled(own(stream)); }
const Tallies& Engine::tallies(const World& world) { return static_cast<const Books&>(world).tallies; }

// ---- appending ----

std::optional<Refusal> Engine::admit(const Shard& shard, std::uint64_t bytes, std::uint32_t records, std::string_view key) {
    return state_->writer.admit(own(shard), bytes, records, key);
}
milliseconds Engine::charge_write(const Shard& shard, std::uint64_t bytes, std::uint32_t records) {
    return state_->writer.charge_write(own(shard), bytes, records);
}
Result<Queued> Engine::append(const Shard& shard, const Append& append) { return state_->writer.append(own(shard), append); }
Result<Queued> Engine::forward(const Shard& sealed, const Append& whole, std::span<const Part> parts) {
    return state_->writer.forward(own(sealed), whole, parts);
}
Result<Ticket> Engine::end_transaction(const Shard& shard, const Ending& ending) {
    return state_->writer.end_transaction(own(shard), ending);
}
bool Engine::in_transaction(const Shard& shard, std::int64_t producer_id, std::int16_t producer_epoch) const {
    const auto found = shard.producers.find(producer_id);
    return found != shard.producers.end() && found->second.open && found->second.epoch == producer_epoch;
}
std::vector<Aborted> Engine::aborted(const Shard& shard, Position from, Position before) const {
    return aborted_in(shard, from, before);
}
void Engine::flush() { state_->writer.flush(); }

// ---- reading ----

Bounds Engine::bounds(const Shard& shard) { return state_->reader.bounds(own(shard)); }
const storage::Snapshot& Engine::snapshot() { return state_->reader.snapshot(); }
Task<Result<Chunk>> Engine::chunk(const Shard& shard, Position from, ChunkLimits limits) {
    return state_->reader.chunk(own(shard), from, limits);
}
std::optional<Result<Chunk>> Engine::chunk_at_hand(const Shard& shard, Position from, ChunkLimits limits) {
    return state_->reader.chunk_at_hand(own(shard), from, limits);
}
const Signal& Engine::brought(const Shard& shard) { return shard.warmth->brought; }
std::optional<Result<void>> Engine::batches_at_hand(const Shard& shard, Position from, Isolation isolation,
                                                    const storage::Snapshot::VisitEntry& visit,
                                                    const storage::Snapshot::TakeRow& take_row) {
    return state_->reader.batches_at_hand(own(shard), from, isolation, visit, take_row);
}
Result<void> Engine::read(const Shard& shard, Position from, Isolation isolation, const storage::Snapshot::VisitEntry& visit) {
    return state_->reader.read(own(shard), from, isolation, visit);
}
Task<void> Engine::at_hand(const Shard& shard, Position from) { return state_->reader.wait_at_hand(own(shard), from); }
Position Engine::find_appended(const Shard& shard, Time time) { return state_->reader.find_appended(own(shard), time); }
std::optional<std::pair<Position, std::int64_t>> Engine::find_timestamp(const Shard& shard, std::int64_t ms) {
    return state_->reader.find_timestamp(own(shard), ms);
}
std::optional<std::int64_t> Engine::appended_ms(const Shard& shard, Position at) {
    return state_->reader.appended_ms(own(shard), at);
}
std::optional<Refusal> Engine::admit_read_call(const Shard& shard) { return state_->reader.admit_read_call(own(shard)); }
std::optional<Refusal> Engine::admit_iterator(const Shard& shard) { return state_->reader.admit_iterator(own(shard)); }
bool Engine::read_room(const Shard& shard) { return state_->reader.read_room(own(shard)); }
milliseconds Engine::charge_read(const Shard& shard, Door door, std::uint64_t bytes, std::uint64_t records) {
    return state_->reader.charge_read(own(shard), door, bytes, records);
}
void Engine::count_read(const Shard& shard, Door door, std::uint64_t bytes, std::uint64_t records) {
    state_->reader.count_read(own(shard), door, bytes, records);
}
void Engine::count_call(const Stream& stream, Door about) { state_->reader.count_call(own(stream), about); }
milliseconds Engine::charge_subscription(const Shard& shard, Subscription& by, std::uint64_t bytes, std::uint64_t records) {
    return state_->reader.charge_subscription(own(shard), by, bytes, records);
}
milliseconds Engine::read_debt(const Shard& shard) { return own(shard).read_bytes.debt(clock_of(shard).now()); }
void Engine::reserve_read(const Shard& shard, std::int64_t bytes, std::int64_t records) {
    own(shard).read_bytes.reserve(bytes);
    own(shard).read_records.reserve(records);
}
std::uint64_t Engine::live_bytes(const Shard& shard) {
    state_->upkeep.retain(own(shard));
    return state_->upkeep.live_bytes(shard);
}

// ---- what doors keep, usage, work beside the loop ----

Ticket Engine::put(World& world, std::string_view key, std::string_view value) { return state_->kept.put(world, key, value); }
std::optional<std::string> Engine::get(World& world, std::string_view key) { return state_->kept.get(world, key); }
void Engine::scan(World& world, std::string_view prefix, const std::function<void(std::string_view, std::string_view)>& visit) {
    state_->kept.scan(world, prefix, visit);
}
Result<std::int64_t> Engine::next_producer_id(World& world) { return state_->kept.next_producer_id(world); }

std::vector<UsageSpan> Engine::usage(const Stream& stream) { return state_->upkeep.usage(stream); }
const Usage& Engine::total_usage(const World& world) { return static_cast<const Books&>(world).total; }

Task<void> Engine::aside(Worker::Job job) { return state_->aside.run(std::move(job)); }
Task<void> Engine::rehearse(Look look) { return state_->reader.rehearse(std::move(look)); }
Engine::Room Engine::room() const {
    const auto stats = state_->store.stats();
    return {.used_bytes = stats.used_bytes, .total_bytes = stats.capacity_bytes};
}
Task<void> Engine::rehearse_sizes(const World& world) { return state_->reader.rehearse_sizes(world); }
bool Engine::housekeep() { return state_->upkeep.housekeep(); }
void Engine::keep_expired(milliseconds span) { state_->upkeep.keep_expired(span); }
void Engine::trim_expired() { state_->upkeep.trim_expired(); }

Unit::Unit(Engine& engine) : engine_(engine), before_(engine.state_->writer.in_unit()) {
    scope_ = engine.state_->writer.begin_unit();
}
Unit::~Unit() { engine_.state_->writer.end_unit(before_); }
Ticket Unit::ticket() { return engine_.state_->writer.ticket(scope_); }

}   // namespace sluice::streams
