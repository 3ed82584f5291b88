#include "emulator/streams/catalog/stored.h"

namespace sluice::streams {
namespace {

catalog::Stream parsed_stream(std::string_view key, std::string_view value) {
    catalog::Stream one;
    if (!one.ParseFromArray(value.data(), static_cast<int>(value.size())) || !key.ends_with("S" + big_endian(one.id())))
        damaged(key, "a stream's record does not parse");
    return one;
}

// What lies under the prefix goes to `take` with the number of its stream.
template <class Take>
void scan_shards(const storage::Snapshot& now, const std::string& prefix, Take take) {
    now.scan(prefix, [&](std::string_view key, std::string_view value) {
        std::uint64_t id = 0;
        for (const char c : key.substr(5, 8)) id = id << 8 | static_cast<unsigned char>(c);
        catalog::Shard one;
        if (key.size() != 17 || !one.ParseFromArray(value.data(), static_cast<int>(value.size())))
            damaged(key, "a shard's record does not parse");
        take(id, std::move(one));
        return true;
    });
}

}   // namespace

std::optional<StoredStream> stored_stream(const storage::Snapshot& now, WorldId world, StreamId id) {
    const auto key = stream_key(world, id);
    const auto value = now.get(key);
    if (!value) return {};
    StoredStream found{.stream = parsed_stream(key, *value), .shards = {}, .world = std::to_underlying(world)};
    scan_shards(now, key_of(world, 'H', big_endian(std::to_underlying(id))),
                [&](std::uint64_t, catalog::Shard&& shard) { found.shards.push_back(std::move(shard)); });
    return found;
}

std::vector<StoredStream> stored_streams(const storage::Snapshot& now, WorldId world) {
    std::vector<StoredStream> all;
    now.scan(key_of(world, 'S'), [&](std::string_view key, std::string_view value) {
        all.push_back({.stream = parsed_stream(key, value), .shards = {}, .world = std::to_underlying(world)});
        return true;
    });
    // Both walks go up by the stream's number. Shards whose stream was set aside belong to nobody.
    auto at = all.begin();
    scan_shards(now, key_of(world, 'H'), [&](std::uint64_t id, catalog::Shard&& shard) {
        while (at != all.end() && at->stream.id() < id) ++at;
        if (at != all.end() && at->stream.id() == id) at->shards.push_back(std::move(shard));
    });
    return all;
}

}   // namespace sluice::streams
