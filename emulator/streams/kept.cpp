// What doors keep for themselves: values under their own keys, and the producer ids that are given out. A key may be longer than
// the store's: it is then cut and hashed, and stands whole before the value.
#include <openssl/sha.h>

#include "emulator/streams/state.h"

namespace sluice::streams {
namespace {

// Of a key's bytes so many stand in the store's key, whose most is 511.
constexpr std::size_t longest_key = 400, front_of_long_key = 200;

bool is_long(std::string_view key) { return key.size() > longest_key; }

std::string long_key(World& world, std::string_view key) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash.data());
    auto stored = key_of(world.id, 'L', key.substr(0, front_of_long_key));
    return stored.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

constexpr std::size_t length_bytes = 4;

std::string with_key(std::string_view key, std::string_view value) {
    return big_endian(key.size(), length_bytes).append(key).append(value);
}

// Key and value; nothing for what no engine wrote.
std::optional<std::pair<std::string_view, std::string_view>> parted(std::string_view stored) {
    if (stored.size() < length_bytes) return {};
    const auto size = read_big_endian(stored.substr(0, length_bytes));
    stored.remove_prefix(length_bytes);
    if (stored.size() < size) return {};
    return std::pair{stored.substr(0, size), stored.substr(size)};
}

}   // namespace

Ticket Kept::put(World& world, std::string_view key, std::string_view value) {
    const auto scope = scope_of(key);
    auto& writer = engine_.writer;
    if (!is_long(key)) {
        writer.put(scope, key_of(world.id, 'D', key), std::string{value});
        return writer.ticket(scope);
    }
    writer.put(scope, long_key(world, key), value.empty() ? std::string{} : with_key(key, value));
    const auto ticket = writer.ticket(scope);
    // What is erased does not say which key it had.
    writer.group().undos.emplace_back(scope, [this, &world, key = std::string{key}] { tell(world, key); });
    return ticket;
}

std::optional<std::string> Kept::get(World& world, std::string_view key) {
    const auto now = engine_.store.snapshot();
    const auto value = now->get(is_long(key) ? long_key(world, key) : key_of(world.id, 'D', key));
    if (!value) return {};
    if (!is_long(key)) return std::string{*value};
    const auto whole = parted(*value);
    return whole ? std::optional{std::string{whole->second}} : std::nullopt;
}

void Kept::scan(World& world, std::string_view prefix, const std::function<void(std::string_view, std::string_view)>& visit) {
    const auto now = engine_.store.snapshot();
    const auto start = key_of(world.id, 'D');
    now->scan(start + std::string{prefix}, [&](std::string_view key, std::string_view value) {
        visit(key.substr(start.size()), value);
        return true;
    });
    now->scan(key_of(world.id, 'L', prefix.substr(0, front_of_long_key)), [&](std::string_view, std::string_view value) {
        const auto whole = parted(value);
        if (!whole)
            engine_.events.note_once("a long key of what a door keeps is damaged in the store and is left out");
        else if (whole->first.starts_with(prefix))
            visit(whole->first, whole->second);
        return true;
    });
}

void Kept::tell(World& world, std::string_view key) {
    for (const auto& told : engine_.listeners.on_unstored) told(world, key);
}

// What doors keep was changed in memory when it was queued: they look again what the store holds.
void Kept::tell_unstored(std::string_view stored_key) {
    if (stored_key.size() < 5 || stored_key[4] != 'D') return;
    const auto& worlds = engine_.catalog.worlds();
    const auto world = worlds.find(WorldId{static_cast<std::uint32_t>(read_big_endian(stored_key.substr(0, 4)))});
    if (world == worlds.end()) return;
    tell(*world->second, stored_key.substr(5));
}

// Ids are reserved in blocks that are written down first, so that none is given out twice after a kill.
Result<std::int64_t> Kept::next_producer_id(World& world) {
    auto& books = books_of(world);
    if (books.next_producer == books.producers_reserved) {
        books.producers_reserved += 1000;
        engine_.catalog.save_world(world);
        const auto reserved = engine_.writer.ticket({});
        engine_.writer.flush();
        if (const auto stored = reserved.outcome(); !stored) {
            books.producers_reserved = books.next_producer;   // the next who asks tries again
            return std::unexpected{stored.error()};
        }
    }
    return books.next_producer++;
}

}   // namespace sluice::streams
