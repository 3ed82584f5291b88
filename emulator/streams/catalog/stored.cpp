#include "emulator/streams/catalog/stored.h"

#include <algorithm>

namespace sluice::streams {
namespace {

StoredStream parsed_stream(std::string_view key, std::string_view value) {
    StoredStream one{.key = std::string{key}, .stream = {}, .shards = {}};
    if (!one.stream.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
        !key.ends_with("S" + big_endian(one.stream.id())))
        damaged("a stream's record does not parse", key);
    return one;
}

// What lies under the prefix goes to `take` with the number of its stream.
template <class Take>
void scan_shards(const storage::Snapshot& now, const std::string& prefix, Take take) {
    now.scan(prefix, [&](std::string_view key, std::string_view value) {
        catalog::Shard one;
        if (key.size() != 17 || !one.ParseFromArray(value.data(), static_cast<int>(value.size())))
            damaged("a shard's record does not parse", key);
        if (read_big_endian(key.substr(13)) != static_cast<std::uint64_t>(one.index()))
            damaged("a shard is not in its place", key);   // it would be written down again where it belongs
        for (const auto& extent : one.extents())
            if (extent.log() == 0) damaged("a shard's log is none", key);   // as only those of a block have
        take(read_big_endian(key.substr(5, 8)), std::move(one));
        return true;
    });
}

// The same of expired ones, whose stream `of` knows by its number.
template <class Of>
void scan_expired(const storage::Snapshot& now, const std::string& prefix, Of of) {
    now.scan(prefix, [&](std::string_view key, std::string_view value) {
        catalog::ExpiredShards block;
        if (key.size() != 17 || !block.ParseFromArray(value.data(), static_cast<int>(value.size())))
            damaged("expired shards do not parse", key);
        if (auto* stream = of(read_big_endian(key.substr(5, 8)))) add_expired(block, key, stream->shards);
        return true;
    });
}

void in_order(StoredStream& stream) { std::ranges::sort(stream.shards, {}, &catalog::Shard::index); }

}   // namespace

std::optional<StoredStream> stored_stream(const storage::Snapshot& now, WorldId world, StreamId id) {
    const auto number = big_endian(std::to_underlying(id));
    const auto key = key_of(world, 'S', number);
    const auto value = now.get(key);
    if (!value) return {};
    auto found = parsed_stream(key, *value);
    scan_expired(now, key_of(world, 'X', number), [&](std::uint64_t) { return &found; });
    scan_shards(now, key_of(world, 'H', number),
                [&](std::uint64_t, catalog::Shard&& shard) { found.shards.push_back(std::move(shard)); });
    in_order(found);
    return found;
}

std::vector<StoredStream> stored_streams(const storage::Snapshot& now, WorldId world) {
    std::vector<StoredStream> all;
    now.scan(key_of(world, 'S'), [&](std::string_view key, std::string_view value) {
        all.push_back(parsed_stream(key, value));
        return true;
    });
    // Both walks go up by the stream's number. Shards whose stream was set aside belong to nobody.
    const auto of = [&all, at = all.begin()](std::uint64_t id) mutable -> StoredStream* {
        while (at != all.end() && at->stream.id() < id) ++at;
        return at != all.end() && at->stream.id() == id ? &*at : nullptr;
    };
    scan_expired(now, key_of(world, 'X'), of);
    scan_shards(now, key_of(world, 'H'), [at = of](std::uint64_t id, catalog::Shard&& shard) mutable {
        if (auto* stream = at(id)) stream->shards.push_back(std::move(shard));
    });
    for (auto& stream : all) in_order(stream);
    return all;
}

}   // namespace sluice::streams
