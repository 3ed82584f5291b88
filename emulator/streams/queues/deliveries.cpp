#include "emulator/streams/queues/deliveries.h"

#include <algorithm>
#include <limits>

#include "emulator/streams/catalog/catalog.pb.h"
#include "emulator/streams/catalog/keys.h"

namespace sluice::streams {

const Delivery* Deliveries::find(RecordPlace place) const {
    const auto found = all_.find(place);
    return found == all_.end() ? nullptr : &found->second;
}

void Deliveries::leave(All::value_type& one) {
    auto& [place, delivery] = one;
    if (delivery.holder != 0) {
        const auto held = held_.find(delivery.holder);
        held->second.erase(delivery.in_held);
        if (held->second.empty()) held_.erase(held);
    }
    if (delivery.hidden)
        hidden_.erase(delivery.in_hidden);
    else
        visible_[delivery.dead].erase({delivery.turn, place});
}

// Most are hidden for as long as all others, so the newest comes last.
void Deliveries::lie_hidden(All::value_type& one) {
    auto& [place, delivery] = one;
    delivery.hidden = true;
    delivery.in_hidden = hidden_.emplace_hint(hidden_.end(), delivery.until, place);
    if (delivery.holder == 0) return;
    auto& held = held_[delivery.holder];
    delivery.in_held = held.insert(held.end(), place);
}

void Deliveries::come_back(All::value_type& one) {
    auto& [place, delivery] = one;
    delivery.hidden = false;
    delivery.holder = 0;
    ++turns_;
    delivery.turn = holders_ ? 0 : turns_;
    if (holders_) shards_with_more_.insert(place.shard);
    visible_[delivery.dead].emplace(delivery.turn, place);
}

Deliveries::All::iterator Deliveries::make(All::iterator hint, RecordPlace place) {
    const auto before = all_.size();
    const auto at = all_.try_emplace(hint, place);
    if (all_.size() != before) ++sizes_[place.shard];
    return at;
}

Deliveries::All::iterator Deliveries::remove(All::iterator at) {
    leave(*at);
    if (const auto size = sizes_.find(at->first.shard); --size->second == 0) sizes_.erase(size);
    return all_.erase(at);
}

void Deliveries::take(RecordPlace place, Position count, Time first, Time until, std::uint32_t holder) {
    auto next = all_.lower_bound(place);
    for (; count > 0; --count, ++place.position) {
        if (next != all_.end() && next->first == place) {
            ++next;
            continue;
        }
        auto& one = *make(next, place);
        one.second.received = 1;
        one.second.first = first;
        one.second.until = until;
        one.second.holder = holder;
        lie_hidden(one);
        change(place);
    }
}

void Deliveries::take_again(RecordPlace place, Time until, std::uint32_t holder) {
    auto& one = *all_.find(place);
    leave(one);
    ++one.second.received;
    one.second.until = until;
    one.second.holder = holder;
    lie_hidden(one);
    change(place);
}

void Deliveries::hide(RecordPlace place, Time until) {
    auto& one = *all_.find(place);
    leave(one);
    one.second.until = until;
    lie_hidden(one);
    change(place);
}

void Deliveries::settle(RecordPlace place) {
    const auto found = all_.find(place);
    if (found == all_.end()) return;
    remove(found);
    change(place);
}

void Deliveries::revive(RecordPlace place) {
    auto& one = *all_.find(place);
    leave(one);
    one.second.dead = false;
    one.second.spared = one.second.received;
    come_back(one);
    change(place);
}

void Deliveries::expire(Time live, std::int32_t most_received) {
    while (!hidden_.empty() && hidden_.begin()->first <= live) {
        auto& one = *all_.find(hidden_.begin()->second);
        leave(one);
        if (most_received != 0 && one.second.received - one.second.spared >= most_received) one.second.dead = true;
        come_back(one);
        change(one.first);
    }
}

std::optional<Time> Deliveries::next_expiry() const {
    return hidden_.empty() ? std::nullopt : std::optional{hidden_.begin()->first};
}

std::optional<RecordPlace> Deliveries::first_visible(bool dead) const {
    const auto& list = visible_[dead];
    return list.empty() ? std::nullopt : std::optional{list.begin()->second};
}

void Deliveries::forget_before(RecordPlace kept) {
    for (auto at = all_.lower_bound({kept.shard, 0}); at != all_.end() && at->first < kept;) {
        change(at->first);
        at = remove(at);
    }
}

// ---- with holders ----

std::optional<Position> Deliveries::visible_from(RecordPlace from) const {
    const auto& visible = visible_[0];
    const auto found = visible.lower_bound({0, from});
    if (found == visible.end() || found->second.shard != from.shard) return std::nullopt;
    return found->second.position;
}

std::optional<RecordPlace> Deliveries::held_by(std::uint32_t holder) const {
    const auto found = held_.find(holder);
    return found == held_.end() ? std::nullopt : std::optional{found->second.front()};
}

std::optional<Position> Deliveries::first_in(std::int32_t shard) const {
    const auto found = all_.lower_bound({shard, 0});
    if (found == all_.end() || found->first.shard != shard) return std::nullopt;
    return found->first.position;
}

std::size_t Deliveries::size_in(std::int32_t shard) const {
    const auto found = sizes_.find(shard);
    return found == sizes_.end() ? 0 : found->second;
}

void Deliveries::forget_shard(std::int32_t shard) { forget_before({shard, std::numeric_limits<Position>::max()}); }

std::set<Deliveries::Block> Deliveries::blocks() const {
    std::set<Block> known = changed_;
    for (const auto& [place, delivery] : all_) known.insert(known.end(), block_of(place));
    return known;
}

// ---- as stored ----

std::string Deliveries::stored(Block block, milliseconds live_ahead) const {
    catalog::Deliveries out;
    const auto first = block.number * block_positions;
    for (auto at = all_.lower_bound({block.shard, first}); at != all_.end() && block_of(at->first) == block; ++at) {
        const auto& [place, one] = *at;
        const auto until = one.hidden ? std::max<std::int64_t>(1, to_ms(one.until - live_ahead)) : 0;
        const auto offset = static_cast<std::uint32_t>(place.position - first);
        // Those that were taken together differ in their places alone.
        if (auto* last = out.runs_size() == 0 ? nullptr : out.mutable_runs(out.runs_size() - 1);
            last && last->at() + last->length() == offset && last->received() == one.received && last->spared() == one.spared &&
            last->first_ms() == to_ms(one.first) && last->until_ms() == until && last->dead() == one.dead) {
            last->set_length(last->length() + 1);
            continue;
        }
        auto& run = *out.add_runs();
        run.set_at(offset);
        run.set_length(1);
        run.set_received(one.received);
        run.set_spared(one.spared);
        run.set_first_ms(to_ms(one.first));
        run.set_until_ms(until);
        run.set_dead(one.dead);
    }
    return out.SerializeAsString();
}

bool Deliveries::read(Block block, std::string_view value, milliseconds live_ahead) {
    catalog::Deliveries in;
    if (!in.ParseFromArray(value.data(), static_cast<int>(value.size()))) return false;
    const auto first = block.number * block_positions;
    for (auto at = all_.lower_bound({block.shard, first}); at != all_.end() && block_of(at->first) == block;) at = remove(at);
    std::uint32_t from = 0;
    for (const auto& run : in.runs()) {
        const auto good = [](std::int64_t ms) { return ms >= 0 && ms < latest_ms; };
        if (run.at() < from || run.length() == 0 || run.length() > block_positions || run.at() + run.length() > block_positions ||
            run.received() < 0 || run.spared() < 0 || run.spared() > run.received() || !good(run.first_ms()) ||
            !good(run.until_ms()))
            return false;
        from = run.at() + run.length();
        for (auto at = run.at(); at != from; ++at) {
            auto& one = *make(all_.end(), {block.shard, first + at});
            one.second.received = run.received();
            one.second.spared = run.spared();
            one.second.first = from_ms(run.first_ms());
            one.second.dead = run.dead();
            if (run.until_ms() == 0 || holders_) {
                come_back(one);
                continue;
            }
            one.second.until = from_ms(run.until_ms()) + live_ahead;
            lie_hidden(one);
        }
    }
    return true;
}

}   // namespace sluice::streams
