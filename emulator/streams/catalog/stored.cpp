#include "emulator/streams/catalog/stored.h"

#include <algorithm>

namespace sluice::streams {
namespace {

StoredStream parsed_stream(std::string_view key, std::string_view value) {
    StoredStream one{.key = std::string{key}, .stream = {}, .shards = {}, .consumers = {}, .channels = {}, .places = {}};
    if (!one.stream.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
        !key.ends_with("S" + big_endian(one.stream.id())))
        damaged("a stream's record does not parse", key);
    return one;
}

// The values under the prefix, whose keys are of the stream and four bytes more, go to `take` with the number of their stream.
template <class Record, class Take>
void scan_of_streams(const storage::Snapshot& now, const std::string& prefix, std::string_view fault, Take take) {
    now.scan(prefix, [&](std::string_view key, std::string_view value) {
        Record one;
        if (key.size() != 17 || !one.ParseFromArray(value.data(), static_cast<int>(value.size()))) damaged(fault, key);
        take(read_big_endian(key.substr(5, 8)), key, std::move(one));
        return true;
    });
}

// All shards there; `of` knows a stream by its number, or yields nothing for one that was set aside.
template <class Of>
void scan_shards(const storage::Snapshot& now, WorldId world, std::string_view rest, Of of) {
    scan_of_streams<catalog::ExpiredShards>(
        now, key_of(world, 'X', rest), "expired shards do not parse",
        [of](std::uint64_t id, std::string_view key, const catalog::ExpiredShards& block) mutable {
            if (auto* stream = of(id)) add_expired(block, key, stream->shards);
        });
    scan_of_streams<catalog::Shard>(now, key_of(world, 'H', rest), "a shard's record does not parse",
                                    [of](std::uint64_t id, std::string_view key, catalog::Shard&& one) mutable {
                                        if (read_big_endian(key.substr(13)) != static_cast<std::uint64_t>(one.index()))
                                            damaged("a shard is not in its place",
                                                    key);   // it would be written down again where it belongs
                                        for (const auto& extent : one.extents())
                                            if (extent.log() == 0)
                                                damaged("a shard's log is none", key);   // as only those of a block have
                                        if (auto* stream = of(id)) stream->shards.push_back(std::move(one));
                                    });
}

// The same for consumers, whose keys end with their names.
template <class Of>
void scan_consumers(const storage::Snapshot& now, WorldId world, std::string_view rest, Of of) {
    now.scan(key_of(world, 'C', rest), [&](std::string_view key, std::string_view value) {
        catalog::Consumer one;
        if (key.size() < 14 || !one.ParseFromArray(value.data(), static_cast<int>(value.size())) || key.substr(13) != one.name())
            damaged("a consumer's record does not parse", key);
        if (const auto fault = fault_of(one); !fault.empty()) damaged(fault, key);
        if (auto* stream = of(read_big_endian(key.substr(5, 8)))) stream->consumers.push_back(std::move(one));
        return true;
    });
}

template <class Of>
void scan_channels(const storage::Snapshot& now, WorldId world, std::string_view rest, Of of) {
    now.scan(key_of(world, 'K', rest), [&, of](std::string_view key, std::string_view value) mutable {
        catalog::Channel one;
        if (key.size() < 14 || !one.ParseFromArray(value.data(), static_cast<int>(value.size())) || key.substr(13) != one.name())
            damaged("a channel's record does not parse", key);
        if (const auto fault = fault_of(one); !fault.empty()) damaged(fault, key);
        if (auto* stream = of(read_big_endian(key.substr(5, 8)))) stream->channels.push_back(std::move(one));
        return true;
    });
    now.scan(key_of(world, 'G', rest), [&, of](std::string_view key, std::string_view value) mutable {
        catalog::ChannelPlace one;
        if (key.size() < 18 || !one.ParseFromArray(value.data(), static_cast<int>(value.size())))
            damaged("a channel's place does not parse", key);
        if (const auto fault = fault_of(one); !fault.empty()) damaged(fault, key);
        if (auto* stream = of(read_big_endian(key.substr(5, 8))))
            stream->places.push_back(
                {std::string{key.substr(17)}, static_cast<std::int32_t>(read_big_endian(key.substr(13, 4))), one});
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
    scan_shards(now, world, number, [&](std::uint64_t) { return &found; });
    scan_consumers(now, world, number, [&](std::uint64_t) { return &found; });
    scan_channels(now, world, number, [&](std::uint64_t) { return &found; });
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
    scan_shards(now, world, {}, of);
    scan_consumers(now, world, {}, of);
    scan_channels(now, world, {}, of);
    for (auto& stream : all) in_order(stream);
    return all;
}

}   // namespace sluice::streams
