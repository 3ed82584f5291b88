// Expired shards. A shard that was closed for longer than its stream's retention has no record left, and ListShards leaves it
// out; to Kafka it stays a partition. A stream that is split and merged for years has thousands of them, so each is kept as a few
// bytes, with up to 255 others in one value: where its log ended, and its parents, for offsets that children inherit.
#include "emulator/streams/catalog/lapse.h"
#include "emulator/streams/catalog/stored.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

constexpr std::int32_t in_a_block = 256;
constexpr std::int64_t long_ago_ms = 1;   // when a shard was closed of which nobody asks when
const Time long_ago = from_ms(long_ago_ms);

std::string block_key(const Stream& stream, std::int32_t block) {
    return key_of(stream.world->id, 'X',
                  big_endian(std::to_underlying(stream.id)) + big_endian(static_cast<std::uint64_t>(block), 4));
}

// The n-th of a block, as load.cpp wants it.
catalog::Shard shard_of(const catalog::ExpiredShards& block, int n) {
    catalog::Shard out;
    out.set_index(block.index(n));
    out.set_closed_ms(long_ago_ms);
    out.set_sealed(true);
    for (const auto below : {block.parents(2 * n), block.parents(2 * n + 1)})
        if (below > 0) out.add_parents(out.index() - below);
    auto& none = *out.add_extents();   // no log has the number 0
    none.set_from(block.end(n));
    none.set_to(-1);
    return out;
}

}   // namespace

bool is_expired(const catalog::Shard& shard) { return shard.extents_size() == 1 && shard.extents(0).log() == 0; }

void add_expired(const catalog::ExpiredShards& block, std::string_view key, std::vector<catalog::Shard>& to) {
    if (block.end_size() != block.index_size() || block.parents_size() != 2 * block.index_size())
        damaged("expired shards are none", key);
    for (int n = 0; n < block.index_size(); ++n) {
        if (block.index(n) < 0 || static_cast<std::uint64_t>(block.index(n) / in_a_block) != read_big_endian(key.substr(13)))
            damaged("an expired shard is not in its place", key);   // it would be written down again where it belongs
        to.push_back(shard_of(block, n));
    }
}

std::optional<Time> Catalog::expires(const Shard& shard) const {
    if (shard.expired || shard.begin < shard.end || !shard.producers.empty()) return {};
    return lapse_of(shard);
}

void Catalog::stay_expired(Shard& shard) {
    if (!lapsed(shard, clock_of(shard).now())) return;
    shard.closed = long_ago;
    save_shard(shard);
}

void Catalog::expire(Shard& shard) {
    auto& stream = *shard.stream;
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    // Hours that were never written down are counted from when the first shard was opened, which is forgotten here.
    engine_.upkeep.end_hours(stream, to_ms(clock_of(stream).now()));
    engine_.upkeep.open_shards_changed(stream);
    engine_.extents.leave_all(shard);
    erase_shard(stream, shard.index);
    engine_.writer.put({}, shard_key(stream, shard.index), "");
    stream.expired_usage += std::exchange(shard.usage, {});
    shard.range = {};
    shard.created_s = shard.opened_ms = shard.last_appended_ms = 0;
    shard.closed = long_ago;
    shard.pending = LogId{};
    shard.dirt.timer.stop();
    shard.extents = {{LogId{}, shard.end, -1}};
    shard.expired = true;
    shard.encrypted.clear();
    shard.busy = {};
    set_buckets(shard);
    shard.heat.reset();
    save_expired(stream, shard.index / in_a_block);
    save_stream(stream);
}

void Catalog::save_expired(const Stream& stream, std::int32_t block) {
    catalog::ExpiredShards out;
    const auto last = std::min<std::int64_t>(std::ssize(stream.shards), std::int64_t{block + 1} * in_a_block);
    for (auto index = block * in_a_block; index < last; ++index) {
        const auto& shard = *stream.shards[static_cast<std::size_t>(index)];
        if (!shard.expired) continue;
        out.add_index(index);
        out.add_end(planted("expired-end-lost") ? 0 : shard.end);
        for (const std::size_t n : {0, 1}) out.add_parents(n < shard.parents.size() ? index - shard.parents[n] : 0);
    }
    engine_.writer.put({}, block_key(stream, block), out.SerializeAsString());
}

void Catalog::erase_expired(const Stream& stream) {
    std::int32_t before = -1;
    for (const auto& shard : stream.shards)
        if (const auto block = shard->index / in_a_block; shard->expired && std::exchange(before, block) != block)
            engine_.writer.put({}, block_key(stream, block), "");
}

}   // namespace sluice::streams
