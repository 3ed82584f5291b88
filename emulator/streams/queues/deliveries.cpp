#include "emulator/streams/queues/deliveries.h"

#include <algorithm>

#include "emulator/streams/catalog/catalog.pb.h"
#include "emulator/streams/catalog/keys.h"

namespace sluice::streams {

const Delivery* Deliveries::find(RecordPlace place) const {
    const auto found = all_.find(place);
    return found == all_.end() ? nullptr : &found->second;
}

void Deliveries::leave(const All::value_type& one) {
    const auto& [place, delivery] = one;
    if (delivery.hidden)
        hidden_.erase({delivery.until, place});
    else
        visible_[delivery.dead].erase({delivery.turn, place});
}

void Deliveries::come_back(All::value_type& one) {
    auto& [place, delivery] = one;
    delivery.hidden = false;
    delivery.turn = ++turns_;
    visible_[delivery.dead].emplace(delivery.turn, place);
}

void Deliveries::take(RecordPlace place, Time first, Time until) {
    const auto [at, made] = all_.try_emplace(place, Delivery{.received = 1, .first = first, .until = until, .hidden = true});
    if (made) hidden_.emplace(until, place);
    change(place);
}

void Deliveries::take_again(RecordPlace place, Time until) {
    hide(place, until);
    ++all_.at(place).received;
}

void Deliveries::hide(RecordPlace place, Time until) {
    auto& one = *all_.find(place);
    leave(one);
    one.second.hidden = true;
    one.second.until = until;
    hidden_.emplace(until, place);
    change(place);
}

void Deliveries::settle(RecordPlace place) {
    const auto found = all_.find(place);
    if (found == all_.end()) return;
    leave(*found);
    all_.erase(found);
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
        leave(*at);
        change(at->first);
        at = all_.erase(at);
    }
}

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
    for (auto at = all_.lower_bound({block.shard, first}); at != all_.end() && block_of(at->first) == block;) {
        leave(*at);
        at = all_.erase(at);
    }
    std::uint32_t from = 0;
    for (const auto& run : in.runs()) {
        const auto good = [](std::int64_t ms) { return ms >= 0 && ms < latest_ms; };
        if (run.at() < from || run.length() == 0 || run.length() > block_positions || run.at() + run.length() > block_positions ||
            run.received() < 0 || run.spared() < 0 || run.spared() > run.received() || !good(run.first_ms()) ||
            !good(run.until_ms()))
            return false;
        from = run.at() + run.length();
        for (auto at = run.at(); at != from; ++at) {
            auto& one = *all_.try_emplace({block.shard, first + at}).first;
            one.second.received = run.received();
            one.second.spared = run.spared();
            one.second.first = from_ms(run.first_ms());
            one.second.dead = run.dead();
            if (run.until_ms() == 0) {
                come_back(one);
                continue;
            }
            one.second.hidden = true;
            one.second.until = from_ms(run.until_ms()) + live_ahead;
            hidden_.emplace(one.second.until, one.first);
        }
    }
    return true;
}

}   // namespace sluice::streams
