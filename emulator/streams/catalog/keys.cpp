// The keys of all that the engine stores: emulator/streams/README.md lists the kinds.
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {

namespace {

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
    char text[8];
    for (int i = bytes; i-- > 0; value >>= 8) text[i] = static_cast<char>(value);
    out.append(text, static_cast<std::size_t>(bytes));
}

}   // namespace

std::string big_endian(std::uint64_t value, int bytes) {
    std::string out;
    append_big_endian(out, value, bytes);
    return out;
}

std::uint64_t read_big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

std::string key_of(WorldId world, char kind, std::string_view rest) {
    auto key = big_endian(std::to_underlying(world), 4);
    key += kind;
    key += rest;
    return key;
}

std::string stream_key(const Stream& stream) { return key_of(stream.world->id, 'S', big_endian(std::to_underlying(stream.id))); }

std::string folder_key() { return key_of(no_world, 'F'); }
std::string world_key() { return key_of(no_world, 'W'); }
std::string world_key(WorldId world) { return world_key() + big_endian(std::to_underlying(world), 4); }

namespace {

// By stream and then by index, so that one walk yields each stream's shards in order.
std::string key_of_shard(const Stream& stream, char kind, std::int32_t shard) {
    std::string key;
    key.reserve(25);
    append_big_endian(key, std::to_underlying(stream.world->id), 4);
    key += kind;
    append_big_endian(key, std::to_underlying(stream.id), 8);
    append_big_endian(key, static_cast<std::uint64_t>(shard), 4);
    return key;
}

}   // namespace

std::string consumer_key(const Stream& stream, std::string_view name) {
    return key_of(stream.world->id, 'C', big_endian(std::to_underlying(stream.id)) + std::string{name});
}
std::string channel_key(const Stream& stream, std::string_view name) {
    return key_of(stream.world->id, 'K', big_endian(std::to_underlying(stream.id)) + std::string{name});
}
std::string channel_place_key(const Stream& stream, std::int32_t shard, std::string_view channel_id) {
    return key_of_shard(stream, 'G', shard).append(channel_id);
}
std::string stored_shard_key(const Stream& stream, std::int32_t shard) { return key_of_shard(stream, 'H', shard); }
std::string shard_key(const Stream& stream, std::int32_t shard) { return key_of_shard(stream, 'R', shard); }

std::string producers_key(const Stream& stream, std::int32_t shard) { return key_of_shard(stream, 'P', shard); }

std::string producer_key(const Stream& stream, std::int32_t shard, std::int64_t producer) {
    auto key = producers_key(stream, shard);
    append_big_endian(key, static_cast<std::uint64_t>(producer), 8);
    return key;
}

std::string aborted_keys(const Stream& stream, std::int32_t shard) { return key_of_shard(stream, 'T', shard); }

std::string aborted_key(const Stream& stream, std::int32_t shard, Position last) {
    auto key = aborted_keys(stream, shard);
    append_big_endian(key, static_cast<std::uint64_t>(last), 8);
    return key;
}

std::string normalised(std::string_view name) {
    std::string out{name};
    std::ranges::replace(out, '.', '_');
    return out;
}

std::string_view raw(const Uuid& id) { return {reinterpret_cast<const char*>(id.data()), id.size()}; }

}   // namespace sluice::streams
