// Worlds, and what is found in them by name. A world is made and emptied here; its record is written by save.cpp.
#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {

World* Catalog::find_world(std::string_view name) {
    if (name.empty()) return worlds_.at(WorldId{0}).get();
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

Result<World*> Catalog::make_world(std::string_view name, std::optional<Time> clock) {
    if (!bounds::good_name(name)) return std::unexpected{Fault::bad_name};
    if (find_world(name)) return std::unexpected{Fault::exists};
    auto& made = make_books(WorldId{next_world_++}, std::string{name});
    if (clock) (void)made.clock->begin_at(*clock);
    save_folder();
    save_world(made);
    return &made;
}

Books& Catalog::make_books(WorldId id, std::string name) {
    auto& made = worlds_[id] = std::make_unique<Books>(id, std::move(name), engine_.real, engine_.random.next());
    by_name_[made->name] = made.get();
    made->channels = std::make_unique<Channels>(engine_, *made);
    // What was queued before a move of the clock is stored as of before it, and each slice of the move with the clock it came to.
    made->listening = made->clock->listen({.moving = [this] { engine_.writer.flush_if_queued(); },
                                           .changed =
                                               [this, one = made.get()] {
                                                   if (!planted("clock-not-saved")) save_world(*one);
                                               }});
    return *made;
}

OwnedStream Catalog::find(World& world, std::string_view name) {
    const auto found = world.streams.find(name);
    return found == world.streams.end() ? nullptr : own(found->second);
}

OwnedStream Catalog::find_topic(World& world, const Uuid& id) {
    const auto found = world.by_topic_id.find(raw(id));
    return found == world.by_topic_id.end() ? nullptr : own(found->second);
}

std::vector<StreamPointer> Catalog::list(World& world) {
    std::vector<StreamPointer> all;
    all.reserve(world.streams.size());
    for (const auto& [name, stream] : world.streams) all.push_back(stream);
    std::ranges::sort(all, {}, [](const auto& stream) -> auto& { return stream->name; });
    return all;
}

std::optional<std::string> Catalog::collision(World& world, std::string_view name) {
    const auto& names = books_of(world).normalised;
    const auto found = names.find(normalised(name));
    if (found == names.end() || found->second == name) return {};
    return found->second;
}

void Catalog::index(const OwnedStream& stream) {
    auto& books = books_of(*stream);
    books.streams[stream->name] = stream;
    books.by_id[std::to_underlying(stream->id)] = stream;
    books.by_topic_id[std::string{raw(stream->topic_id)}] = stream;
    books.normalised[normalised(stream->name)] = stream->name;
    count(*stream);
}

void Catalog::unindex(const Stream& stream) {
    auto& books = books_of(stream);
    books.by_topic_id.erase(std::string{raw(stream.topic_id)});
    books.by_id.erase(std::to_underlying(stream.id));
    books.normalised.erase(normalised(stream.name));
    const std::string name = stream.name;   // the map may hold the last reference
    books.streams.erase(name);
}

Ticket Catalog::reset(World& world, std::optional<Time> clock) {
    auto& books = books_of(world);
    books.keeping_expired = false;
    books.keeping.stop();
    auto& writer = engine_.writer;
    if (writer.writing()) writer.flush();   // the look below would not see what is on its way
    // One unit for all of it, and nothing of a log is looked at: how much is stored does not matter.
    const Unit whole{engine_.listeners};
    const auto scope = writer.in_unit();
    writer.group().undos.emplace_back(scope, [&books, was = world.clock->save(), total = books.total] {
        books.clock->restore(was);
        books.total = total;
    });
    for (const auto& stream : list(world)) {
        const Writer::Changing change{engine_.writer, own(stream)};
        for (const auto& told : engine_.listeners.on_removed) told(*stream);
        drop(own(stream));
    }
    // Whatever is under the world's keys or queued to come there: streams, usage, offsets, groups, name seconds.
    std::vector<std::string> keys;
    for (const auto& queued : writer.group().batch.puts) keys.push_back(queued.key);
    engine_.store.snapshot()->scan(big_endian(std::to_underlying(world.id), 4), [&](std::string_view key, std::string_view) {
        keys.emplace_back(key);
        return true;
    });
    for (const auto& queued : std::vector{writer.group().put_scopes}) writer.group().bind(scope, queued);
    for (auto& key : keys) writer.put({}, std::move(key), "");
    books.name_seconds.clear();
    books.calls.clear();
    // Producer ids go on: a client of before may live, and a new one with its id would take its records for repeated ones.
    const auto real = world.clock->real();
    const auto start = clock.value_or(real);
    world.clock->restore({false, 1.0, (start - real).count(), to_ms(start), to_ms(real)});
    books.total = {};
    save_world(world);
    return writer.ticket({});
}

}   // namespace sluice::streams
