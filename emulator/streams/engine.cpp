// The engine's begin and end, its worlds, and what is found by name. How all is written down and read back is in catalog/.
#include "emulator/streams/engine.h"

#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/state.h"

namespace sluice::streams {

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

}   // namespace sluice::streams
