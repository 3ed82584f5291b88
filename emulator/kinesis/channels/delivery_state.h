// What a delivery knows of one world: which channels it carries, where each is in each shard, and which of those it looks at
// next. Who is carried is in delivery.cpp, one object after the other in delivery_lane.cpp.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "emulator/kinesis/channels/delivery.h"
#include "emulator/kinesis/channels/object_writer.h"
#include "emulator/runtime/worker.h"
#include "emulator/streams/catalog/places.h"
#include "emulator/streams/channels.h"

namespace sluice::kinesis {

struct Delivery::State : std::enable_shared_from_this<State> {
    // One channel in one shard, for as long as it has not delivered all that the shard will ever have.
    struct Lane final : Follower, std::enable_shared_from_this<Lane> {
        Lane(State& s, streams::FoundChannel found, const streams::Shard* in) : state(&s), of(std::move(found)), shard(in) {
            follow(in->appended);
        }
        ~Lane() { wait_no_more(); }
        void fired() override {
            if (!due) state->look_at(*this);   // an object that has begun waits for its time
        }
        void wait_no_more() {
            timer.stop();
            if (due) state->dues.erase(state->dues.find(*due));
            due.reset();
        }
        State* state;   // outlives its lanes
        streams::FoundChannel of;
        const streams::Shard* shard;
        Timer timer;
        std::optional<Time> due;   // of the object that has begun
        bool queued = false;
        bool resting = false;   // after a failure, until its timer fires
        bool gone = false;
    };
    struct Carried {
        streams::FoundChannel of;
        std::map<std::int32_t, std::shared_ptr<Lane>> lanes;   // by shard
        bool failing = false;                                  // and that was said
    };

    State(streams::Engine& e, streams::World& w, std::string where, bool separate_scopes)
        : engine(e), world(w), folder(std::move(where)), separate(separate_scopes), worker(e.executor()) {}

    // ---- who is carried ----

    void follow(const streams::FoundChannel& of);
    void follow_children(const streams::Channel& channel, const streams::Shard& parent);
    void leave(const streams::Channel* channel) {
        const auto found = carried.find(channel);
        if (found == carried.end()) return;
        for (auto& [index, lane] : found->second.lanes) let_go(*lane);
        carried.erase(found);
    }
    static void let_go(Lane& lane) {
        lane.gone = true;
        lane.wait_no_more();
        lane.leave();
    }
    // Nothing for a shard that has no more to deliver, or never had.
    static bool has_business(const streams::Channel& channel, const streams::Shard& shard) {
        const auto place = channel.place_in(shard.index);
        return place && (shard.open() || place->to > place->next || place->next < shard.queued_end);
    }
    bool current(const Lane& lane) const {
        return !stopping && !lane.gone && lane.of.channel->carries() && !lane.of.stream->deleted &&
               lane.of.stream->shard(lane.shard->index) == lane.shard;
    }

    // ---- the queue of lanes to look at ----

    void look_at(Lane&);
    static Task<void> work(std::shared_ptr<State>);
    void wait_until(Lane& lane, Time due) {
        lane.wait_no_more();
        lane.due = due;
        dues.insert(due);
        lane.timer = Timer{*world.clock, world.clock->at(timers::channel_object, due, [this, &lane] { look_again(lane); })};
    }
    void look_again(Lane& lane) {
        lane.wait_no_more();
        lane.resting = false;
        look_at(lane);
    }
    void retry(Lane&, const std::string& why);
    Task<void> catch_up() {
        while (working) {
            Waiter waiter{engine.executor()};
            waiter.watch(idle);
            co_await waiter.wait();
        }
    }

    // ---- one lane, object after object ----

    Task<void> deliver(std::shared_ptr<Lane> lane);
    Task<std::optional<streams::ChannelPlace>> next_object(std::shared_ptr<Lane> lane, streams::ChannelPlace at);
    Task<bool> write(std::shared_ptr<Lane> lane, streams::ChannelPlace object, bool decided);
    Task<bool> store(std::shared_ptr<Lane> lane, streams::ChannelPlace place);
    void finish(const Lane& lane);
    bool parents_done(const Lane& lane) const {
        const auto& lanes = carried.at(lane.of.channel.get()).lanes;
        return std::ranges::none_of(lane.shard->parents, [&](auto parent) { return lanes.contains(parent); });
    }
    void tell_lost(const Lane& lane, streams::Position count) {
        engine.events().note(fmt::format(
            "channel {}: {} record(s) of {} {} were removed by retention before they were delivered; raise the stream's retention, "
            "or see to it that {} can be written to",
            lane.of.channel->name, count, lane.of.stream->name, lane.shard->id(), folder));
    }

    // ---- names ----

    std::string_view shown(std::string_view name) const {
        const auto parts = separate ? streams::place_of(name) : std::nullopt;
        return parts ? parts->name : name;
    }
    ObjectWriter::Paths paths_of(const Lane& lane, const streams::ChannelPlace& object) const;

    streams::Engine& engine;
    streams::World& world;
    const std::string folder;
    const bool separate;
    Worker worker;
    std::multiset<Time> dues;   // of the objects that have begun
    std::map<const streams::Channel*, Carried> carried;
    std::deque<std::shared_ptr<Lane>> queue;
    bool working = false, stopping = false;
    Signal idle;
};

}   // namespace sluice::kinesis
