// What doors keep for themselves: values under their own keys, and the producer ids that are given out.
#include "emulator/streams/state.h"

namespace sluice::streams {

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
