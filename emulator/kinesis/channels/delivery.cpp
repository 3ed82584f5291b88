#include "emulator/kinesis/channels/delivery.h"

#include <boost/asio/co_spawn.hpp>

#include "emulator/kinesis/channels/delivery_state.h"

namespace sluice::kinesis {

namespace {
using streams::Channel;
using streams::FoundChannel;
}   // namespace

void Delivery::State::follow(const FoundChannel& of) {
    if (stopping) return;
    if (!of.channel->carries()) return leave(of.channel.get());
    auto& here = carried[of.channel.get()];
    here.of = of;
    std::map<std::int32_t, std::shared_ptr<Lane>> lanes;
    for (const auto& shard : of.stream->shards) {
        if (!has_business(*of.channel, *shard)) continue;
        auto& lane = lanes[shard->index];
        if (const auto known = here.lanes.find(shard->index); known != here.lanes.end() && known->second->shard == shard.get()) {
            lane = known->second;
            here.lanes.erase(known);
        } else {
            lane = std::make_shared<Lane>(*this, of, shard.get());
        }
        if (lane->resting) continue;
        lane->wait_no_more();
        look_at(*lane);
    }
    for (auto& [index, lane] : here.lanes) let_go(*lane);
    here.lanes = std::move(lanes);
}

void Delivery::State::follow_children(const Channel& channel, const streams::Shard& parent) {
    const auto found = carried.find(&channel);
    if (found == carried.end()) return;
    auto& here = found->second;
    for (const auto index : parent.children) {
        const auto* child = here.of.stream->shard(index);
        auto& lane = here.lanes[index];
        if (lane && lane->shard == child) continue;
        if (lane) let_go(*lane);
        lane = std::make_shared<Lane>(*this, here.of, child);
        look_at(*lane);
    }
}

// It has delivered all of a closed shard: the shards that came of it may go on.
void Delivery::State::finish(const Lane& lane) {
    auto& lanes = carried.at(lane.of.channel.get()).lanes;
    const auto held = lanes.at(lane.shard->index);
    let_go(*held);
    lanes.erase(lane.shard->index);
    for (const auto child : lane.shard->children)
        if (const auto found = lanes.find(child); found != lanes.end()) look_at(*found->second);
}

// ---- the queue of lanes to look at ----

void Delivery::State::look_at(Lane& lane) {
    if (lane.queued || lane.resting || lane.gone || stopping) return;
    lane.queued = true;
    queue.push_back(lane.shared_from_this());
    if (std::exchange(working, true)) return;
    asio::post(engine.executor(), [self = shared_from_this()] {
        auto task = work(self);
        asio::co_spawn(self->engine.executor(), std::move(task), stop_loudly);
    });
}

Task<void> Delivery::State::work(std::shared_ptr<State> self) {
    while (!self->queue.empty() && !self->stopping) {
        const auto lane = self->queue.front();
        self->queue.pop_front();
        lane->queued = false;
        if (!self->current(*lane) || lane->resting) continue;
        auto one = self->deliver(lane);
        co_await std::move(one);
    }
    self->working = false;
    self->idle.fire();
}

// ---- all worlds ----

Delivery::Delivery(streams::Engine& engine, std::string folder, bool separate_scopes) {
    clear_unfinished(folder + "/@");
    for (auto* world : engine.worlds()) {
        const auto where = world->id == streams::WorldId{0} ? folder : folder + "/@" + world->name;
        auto state = std::make_shared<State>(engine, *world, where, separate_scopes);
        worlds_.push_back(state);
        auto& channels = streams::channels_of(*world);
        const std::weak_ptr weak{state};
        channels.on_change.push_back([weak](const streams::StreamPointer& stream, const auto& channel) {
            if (const auto self = weak.lock()) self->follow({stream, channel});
        });
        engine.on_resharded.push_back([weak, world](const streams::Stream& stream, const streams::Shard& parent) {
            const auto self = weak.lock();
            if (!self || stream.world != world) return;
            for (const auto& channel : streams::channels_of(*world).of(stream)) self->follow_children(*channel, parent);
        });
        engine.on_dealt.push_back([weak, world](const streams::Stream& stream) {
            const auto self = weak.lock();
            if (!self || stream.world != world) return;
            for (const auto& channel : streams::channels_of(*world).of(stream))
                self->follow({stream.shared_from_this(), channel});
        });
        channels.carrier = {.next_due = [weak]() -> std::optional<Time> {
                                const auto self = weak.lock();
                                return self && !self->dues.empty() ? std::optional{*self->dues.begin()} : std::nullopt;
                            },
                            .catch_up = [weak]() -> Task<void> {
                                if (const auto self = weak.lock()) {
                                    auto waiting = self->catch_up();
                                    co_await std::move(waiting);
                                }
                            }};
        for (const auto& [name, found] : channels.all()) state->follow(found);
    }
}

Delivery::~Delivery() { stop(); }

void Delivery::stop() {
    for (auto& state : worlds_) {
        state->stopping = true;
        while (!state->carried.empty()) state->leave(state->carried.begin()->first);
        state->queue.clear();
        state->worker.stop();
    }
}

}   // namespace sluice::kinesis
