// Splitting and merging as Kinesis does it: parents are sealed and keep their records, children take the next numbers; and many
// of both at once, to a number of equal shards. What goes through UPDATING begins and ends here. And partitions added as Kafka
// does it: nothing is sealed, all open ranges are dealt anew (rule 16), and no state delay applies.
#include <algorithm>
#include <array>
#include <span>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/lapse.h"
#include "emulator/streams/catalog/uniform.h"
#include "emulator/streams/state.h"
#include "storage/planted.h"

namespace sluice::streams {

// Splits and merges one after the other, in memory; `finish` writes down what came of them and tells who waits. A shard that one
// makes and the next one closes was never open to anybody, and stays in the lineage.
class Resharding {
  public:
    Resharding(Catalog& catalog, Engine::State& engine, Stream& stream)
        : catalog_(catalog), engine_(engine), stream_(stream), now_(clock_of(stream).now()), had_(stream.shards.size()) {
        engine_.upkeep.end_hours(stream_, to_ms(now_));
    }

    struct Halves {
        Shard *lower, *upper;
    };
    Halves split(Shard& parent, HashKey at) {
        auto* lower =
            child({parent.range.first, planted("child-range-off-by-one") ? at : previous(at)}, std::array<Shard*, 1>{&parent});
        auto* upper = child({at, parent.range.last}, std::array<Shard*, 1>{&parent});
        close(parent);
        return {lower, upper};
    }
    Shard* merge(Shard& first, Shard& second) {
        auto* merged = child({first.range.first, second.range.last}, std::array<Shard*, 2>{&first, &second});
        close(first), close(second);
        return merged;
    }

    void finish() {
        engine_.upkeep.open_shards_changed(stream_);
        catalog_.save_folder();
        Catalog::order_ranges(stream_);
        catalog_.count(stream_);
        catalog_.save_stream(stream_);
        for (const auto* parent : closed_)
            if (static_cast<std::size_t>(parent->index) < had_) catalog_.save_shard(*parent);
        for (auto made = had_; made < stream_.shards.size(); ++made) catalog_.save_shard(*stream_.shards[made]);
        for (auto* parent : closed_) {
            engine_.upkeep.arm_trim(*parent);   // some day it is expired
            parent->appended.fire();
            for (const auto& told : engine_.listeners.on_resharded) told(stream_, *parent);
        }
        stream_.world->changed.fire();
    }

  private:
    Shard* child(HashRange range, std::span<Shard* const> parents) {
        auto made = catalog_.new_shard(stream_, range, to_ms(now_) / 1000 + 1);
        for (auto* parent : parents) {
            if (!planted("merge-forgets-a-parent") || made->parents.empty()) made->parents.push_back(parent->index);
            parent->children.push_back(made->index);
        }
        stream_.shards.push_back(std::move(made));
        return stream_.shards.back().get();
    }
    void close(Shard& parent) {
        parent.sealed = true;
        parent.closed = now_;
        closed_.push_back(&parent);
    }

    Catalog& catalog_;
    Engine::State& engine_;
    Stream& stream_;
    const Time now_;
    const std::size_t had_;
    std::vector<Shard*> closed_;   // in the order in which they were
};

Ticket Catalog::begin_change(Stream& stream, const Change& change, std::optional<Daily> counts) {
    const Writer::Changing changing{engine_.writer, stream.shared_from_this()};
    if (counts) stream.lately.add(*counts, clock_of(stream).now());
    if (engine_.options.state_delay.count() == 0) {
        carry_out(stream, change);
    } else {
        stream.change = change;
        begin_state(stream.shared_from_this(), StreamStatus::updating);
        stream.world->changed.fire();
    }
    return engine_.writer.ticket({});
}

void Catalog::carry_out(Stream& stream, const Change& change) {
    std::visit([&](const auto& one) { carry_out(stream, one); }, change);
}

void Catalog::carry_out(Stream& stream, const Reshard& change) {
    Resharding resharding{*this, engine_, stream};
    auto& first = *stream.shard(change.first);
    if (change.second < 0)
        (void)resharding.split(first, change.new_start);
    else
        (void)resharding.merge(first, *stream.shard(change.second));
    resharding.finish();
}

void Catalog::carry_out(Stream& stream, const Scaling& change) { scale_now(stream, change.shards); }

namespace {

// As AWS bounds the key of a SplitShard: start + 1 < key < end.
bool can_split(const HashRange& range, HashKey at) {
    return range.first != HashKey::max() && at > next(range.first) && at < range.last;
}

}   // namespace

void Catalog::carry_out(Stream& stream, const Growth& change) {
    Resharding resharding{*this, engine_, stream};
    for (const auto index : change.shards)
        if (auto& shard = *stream.shard(index); shard.open()) (void)resharding.split(shard, middle_of(shard.range));
    resharding.finish();
}

void Catalog::carry_out(Stream& stream, const Capacity& change) {
    stream.on_demand = change.on_demand;
    stream.warm_mibps = change.warm_mibps;
    scale_now(stream, change.shards == 0 ? static_cast<std::int32_t>(stream.open_shards()) : change.shards);
    count(stream);
}

namespace {

// Empty when they leave a hole, which only a damaged catalog does: such a stream stays as it is.
std::vector<HashRange> ranges_of(const Stream& stream) {
    std::vector<HashRange> ranges;
    ranges.reserve(stream.open_ranges.size());
    HashKey expected;
    for (const auto& shard : stream.open_ranges) {
        if (shard->range.first != expected) return {};
        ranges.push_back(shard->range);
        expected = next(shard->range.last);
    }
    return expected == HashKey{} ? ranges : std::vector<HashRange>{};
}

}   // namespace

// From the lowest hash key up, as AWS was seen to do it: each range is put together from whole shards and the lower halves of
// those in which a boundary lies.
void Catalog::scale_now(Stream& stream, std::int32_t shards) {
    const auto ranges = ranges_of(stream);
    if (shards == std::ssize(stream.open_ranges) || ranges.empty()) return save_stream(stream);
    const auto plan = plan_uniform(ranges, shards);
    std::vector<Shard*> open;
    for (auto& shard : stream.open_ranges) open.push_back(shard.get());
    Resharding resharding{*this, engine_, stream};
    auto start = plan.starts.begin();   // of the range after the one under way
    Shard* under_way = nullptr;
    const auto add = [&](Shard& part) { under_way = under_way ? resharding.merge(*under_way, part) : &part; };
    for (auto* rest : open) {
        for (; start != plan.starts.end() && *start <= rest->range.last; ++start) {
            if (*start != rest->range.first) {
                const auto [lower, upper] = resharding.split(*rest, *start);
                add(*lower);
                rest = upper;
            }
            under_way = nullptr;
        }
        add(*rest);
    }
    resharding.finish();
}

// Shards that ListShards can show: open, or closed for less than the retention. And all that were ever made.
std::int64_t Catalog::room_in(const Stream& stream) const {
    const auto now = clock_of(stream).now();
    const auto listed = std::ranges::count_if(stream.shards, [&](const auto& shard) { return !lapsed(*shard, now); });
    return std::min<std::int64_t>(bounds::listed_shards - listed, bounds::partitions_ever - std::ssize(stream.shards));
}

Result<Ticket> Catalog::split(Stream& stream, std::int32_t index, HashKey new_start) {
    auto* parent = stream.shard(index);
    if (!parent) return std::unexpected{Fault::not_found};
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (parent->sealed) return std::unexpected{Fault::sealed};
    // Seen: AWS 2015.
    if (!can_split(parent->range, new_start)) return std::unexpected{Fault::bad_hash_key};
    if (!room_for(stream, 2)) return std::unexpected{Fault::bad_count};
    return begin_change(stream, Reshard{.first = index, .second = -1, .new_start = new_start});
}

bool Catalog::grow(Stream& stream, std::vector<std::int32_t> shards) {
    if (stream.status != StreamStatus::active) return true;   // the next mark looks again
    std::erase_if(shards, [&](std::int32_t index) {
        const auto& range = stream.shard(index)->range;
        return !can_split(range, middle_of(range));
    });
    // As many as there is room for, from the lowest hash key up.
    const auto most = std::min(scaled_shards - std::ssize(stream.open_ranges), room_in(stream) / 2);
    const bool all = std::ssize(shards) <= most;
    if (!all) shards.resize(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, most)));
    if (!shards.empty()) (void)begin_change(stream, Growth{std::move(shards)});
    return all;
}

Result<Ticket> Catalog::merge(Stream& stream, std::int32_t first, std::int32_t second) {
    auto *lower = stream.shard(first), *upper = stream.shard(second);
    if (!lower || !upper) return std::unexpected{Fault::not_found};
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (lower->sealed || upper->sealed) return std::unexpected{Fault::sealed};
    if (lower->range.last == HashKey::max() || next(lower->range.last) != upper->range.first)
        return std::unexpected{Fault::not_adjacent};
    if (!room_for(stream, 1)) return std::unexpected{Fault::bad_count};
    return begin_change(stream, Reshard{.first = first, .second = second, .new_start = {}});
}

std::optional<Fault> Catalog::fault_of_scaling(const Stream& stream, std::int32_t shards) const {
    const auto ranges = ranges_of(stream);
    if (ranges.empty()) return Fault::bad_hash_key;
    if (!room_for(stream, plan_uniform(ranges, shards).made())) return Fault::bad_count;
    return {};
}

Result<Ticket> Catalog::scale(Stream& stream, std::int32_t shards) {
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (shards < 1 || shards > bounds::listed_shards) return std::unexpected{Fault::bad_count};
    if (shards == std::ssize(stream.open_ranges)) return settled(stream);
    if (const auto fault = fault_of_scaling(stream, shards)) return std::unexpected{*fault};
    return begin_change(stream, Scaling{shards}, Daily::scaling);
}

Result<Ticket> Catalog::set_capacity(Stream& stream, Capacity change) {
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (!bounds::fault_of_capacity(change.warm_mibps, change.shards).empty()) return std::unexpected{Fault::bad_count};
    if (change.shards != 0)
        if (const auto fault = fault_of_scaling(stream, change.shards)) return std::unexpected{*fault};
    const bool switched = change.on_demand != stream.on_demand;
    return begin_change(stream, change, switched ? std::optional{Daily::mode} : std::nullopt);
}

Result<Ticket> Catalog::rekey(Stream& stream, std::string key) {
    if (stream.status != StreamStatus::active) return std::unexpected{Fault::not_active};
    if (!bounds::fault_of_key(key).empty()) return std::unexpected{Fault::bad_text};
    if (key.empty() && !stream.encrypted()) return settled(stream);
    const auto full = [](const auto& shard) { return shard->encrypted.all().size() >= bounds::most_encrypted_spans; };
    if (!stream.encrypted() && std::ranges::any_of(stream.open_ranges, full)) return std::unexpected{Fault::bad_count};
    const auto counts = key.empty() ? Daily::encryption_stopped : Daily::encryption_started;
    return begin_change(stream, Rekeying{std::move(key)}, counts);
}

Result<Ticket> Catalog::add_partitions(Stream& stream, std::int32_t total) {
    if (stream.kinesis_manners()) return std::unexpected{Fault::bad_count};
    if (total <= std::ssize(stream.shards) || total > bounds::topic_partitions) return std::unexpected{Fault::bad_count};
    const Writer::Changing change{engine_.writer, stream.shared_from_this()};
    const auto now = clock_of(stream).now();
    engine_.upkeep.end_hours(stream, to_ms(now));
    while (std::ssize(stream.shards) < total) stream.shards.push_back(new_shard(stream, {}, to_ms(now) / 1000));
    const auto ranges = even_ranges(static_cast<std::int32_t>(std::ranges::count_if(stream.shards, &Shard::open)));
    std::size_t next_range = 0;
    for (auto& shard : stream.shards)
        if (shard->open()) shard->range = ranges[next_range++];
    engine_.upkeep.open_shards_changed(stream);
    save_folder();
    order_ranges(stream);
    count(stream);
    save_stream(stream);
    for (auto& shard : stream.shards) save_shard(*shard);
    tell_dealt(stream);
    stream.world->changed.fire();
    return engine_.writer.ticket({});
}

}   // namespace sluice::streams
