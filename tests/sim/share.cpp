// A share group on a stream, beside its model: what its members acquire must be there and nobody's, counted right, over restarts
// and kills; what is settled never comes again; and when a member acquires nothing, there is nothing. It is asked when nothing is
// queued, so that each of its answers is stored and known.
#include <algorithm>

#include "emulator/kafka/share/share_groups.h"
#include "tests/sim/history.h"

namespace sluice::sim {

namespace {

constexpr std::string_view share_group = "share";

// What was held is free when its time is over, and when the server that knew the holder is no more. One that was delivered as
// often as it may be is archived when its time is over; whether that was stored before a kill, only the server knows.
void free_held(Share& share, Ms live, std::uint64_t life, std::int32_t most, const streams::Deliveries& there) {
    for (auto at = share.open.begin(); at != share.open.end();) {
        auto& [place, delivery] = *at;
        const bool over = delivery.until <= live, another = share.life != life;
        bool archived = false;
        if (delivery.holder != 0 && (another || over)) {
            delivery.holder = 0;
            archived = over && delivery.received >= most && (!another || !there.find({place.first, place.second}));
        }
        at = archived ? share.open.erase(at) : std::next(at);
    }
    share.life = life;
}

}   // namespace

void History::work_share(Stream& stream) {
    auto& groups = machine_->broker->share_groups(machine_->engine->default_world());
    const auto rules = groups.rules(share_group);
    auto& topic = groups.topic(share_group, real(stream.name));
    if (!stream.share) {
        stream.share = Share{.partitions = static_cast<std::int32_t>(stream.shards.size()), .life = lives_};
        machine_->settle();
        return say("a share group on {}", stream.name);
    }
    auto& share = *stream.share;
    const auto live = to_ms(machine_->clock().live());
    topic.backlog->give_up_after(rules.deliveries);
    free_held(share, live, lives_, rules.deliveries, topic.backlog->deliveries());
    share.next.resize(stream.shards.size());
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    const auto& shard = real(stream.name, index);
    const auto begin = machine_->engine->bounds(shard).begin;
    std::erase_if(share.open, [&](const auto& one) { return one.first.first == index && one.first.second < begin; });
    auto& next = share.next[static_cast<std::size_t>(index)];
    groups.begin(topic, shard, rules);
    if (!next) {
        next = index < share.partitions ? stream.shards[static_cast<std::size_t>(index)].end() : begin;
        store_share(stream, *topic.backlog, "a beginning");
    }
    next = std::max(*next, begin);
    const auto kind = below(100);
    if (kind < 60) return acquire_share(stream, *topic.backlog, index, live);
    const auto holder = static_cast<std::uint32_t>(1 + below(3));
    if (kind < 65) {
        topic.backlog->release(holder);
        for (auto at = share.open.begin(); at != share.open.end();) {
            auto& one = at->second;
            const bool its = one.holder == holder;
            if (its) one.holder = 0;
            at = its && one.received >= rules.deliveries ? share.open.erase(at) : std::next(at);
        }
        return store_share(stream, *topic.backlog, "all of a member is given back");
    }
    if (share.open.empty()) return;
    const auto at = std::next(share.open.begin(), static_cast<std::ptrdiff_t>(below(share.open.size())));
    const streams::RecordPlace place{at->first.first, at->first.second};
    const auto* known = topic.backlog->deliveries().find(place);
    if (at->first.second < machine_->engine->bounds(real(stream.name, place.shard)).begin) return;
    if (!known || known->holder != at->second.holder)
        broken("{}/{} of the share group of {} is {}", place.shard, place.position, stream.name, known ? "another's" : "settled");
    if (at->second.holder == 0) return;
    if (kind < 85) {
        topic.backlog->settle_held(place);
        share.open.erase(at);
    } else if (kind < 95) {
        topic.backlog->give_back(place);
        at->second.holder = 0;
        if (at->second.received >= rules.deliveries) share.open.erase(at);
    } else {
        topic.backlog->hold_longer(place, milliseconds{40'000});
        at->second.until = live + 40'000;
    }
    store_share(stream, *topic.backlog, "an acknowledgement");
}

void History::store_share(Stream& stream, streams::Backlog& backlog, std::string_view what) {
    const auto ticket = backlog.store();
    machine_->settle();
    if (!ticket.outcome()) broken("{} in the share group of {} was not stored", what, stream.name);
    say("{} in the share group of {}", what, stream.name);
}

void History::acquire_share(Stream& stream, streams::Backlog& backlog, std::int32_t index, Ms live) {
    auto& share = *stream.share;
    auto& next = *share.next[static_cast<std::size_t>(index)];
    const auto& expected = stream.shards[static_cast<std::size_t>(index)];
    const auto begin = machine_->engine->bounds(real(stream.name, index)).begin;
    const auto holder = static_cast<std::uint32_t>(1 + below(3));
    const auto span = static_cast<Ms>(15'000 * (1 + below(3)));
    const bool strictly = one_in(2);
    const auto most = static_cast<std::int32_t>(1 + below(10));
    const auto got = backlog.acquire(real(stream.name, index), {.holder = holder,
                                                                .records = most,
                                                                .bytes = 1 << 20,
                                                                .strictly = strictly,
                                                                .looks = false,
                                                                .any_size = true,
                                                                .held_for = milliseconds{span},
                                                                .most_held = 2'000,
                                                                .isolation = streams::Isolation::committed,
                                                                .run_records = 500});
    if (got.failed || got.cold) broken("the share group of {} could not read", stream.name);
    if (strictly && got.records > most) broken("{} records in place of {}", got.records, most);
    for (const auto& run : got.runs) {
        for (auto at = run.first; at <= run.last; ++at) {
            const auto where = fmt::format("the share group of {} acquires {}/{}", stream.name, index, at);
            if (at < begin || at >= expected.stable()) broken("{}, which is not there", where);
            auto known = share.open.find({index, at});
            if (known == share.open.end()) {
                next = expected.next_shown(next);
                if (at != next) broken("{}, where {} is the next", where, next);
                ++next;
                known = share.open.emplace(std::pair{index, at}, Share::Delivery{}).first;
            }
            auto& one = known->second;
            if (one.holder != 0) broken("{}, which somebody holds", where);
            if (++one.received != run.received)
                broken("{} for the {}th time and not the {}th", where, run.received, one.received);
            one.holder = holder;
            one.until = live + span;
        }
    }
    if (got.runs.empty()) {
        if (expected.next_shown(next) < expected.stable())
            broken("the share group of {} acquires nothing, and {}/{} is fresh", stream.name, index, next);
        for (const auto& [place, one] : share.open)
            if (place.first == index && one.holder == 0)
                broken("the share group of {} acquires nothing, and {}/{} is free", stream.name, index, place.second);
    }
    const auto open = std::ranges::count_if(share.open, [&](const auto& one) { return one.first.first == index; });
    if (const auto held = backlog.deliveries().size_in(index); std::cmp_not_equal(held, open))
        broken("the share group of {} has not settled {} of {} in place of {}", stream.name, held, index, open);
    store_share(stream, backlog, fmt::format("{} records acquired", got.records));
}

}   // namespace sluice::sim
