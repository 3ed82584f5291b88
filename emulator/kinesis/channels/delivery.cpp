#include "emulator/kinesis/channels/delivery.h"

#include <boost/asio/co_spawn.hpp>
#include <cstring>
#include <deque>
#include <list>
#include <set>

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/channels/object_writer.h"
#include "emulator/kinesis/records/partition_key.h"
#include "emulator/runtime/worker.h"
#include "emulator/streams/catalog/object_key.h"
#include "emulator/streams/catalog/places.h"
#include "storage/planted.h"

namespace sluice::kinesis {
namespace {

using streams::Channel;
using streams::ChannelPlace;
using streams::FoundChannel;
using streams::Position;

// Ours: AWS names no size. Of records, before they are packed; one that is larger is an object by itself.
constexpr std::int64_t object_bytes = 128 << 20;
// What is copied in one turn of the loop, and held at once of all channels together.
constexpr streams::ChunkLimits piece_limits{.records = 10'000, .bytes = 1 << 20};
// Real time: somebody makes room in a folder outside.
constexpr milliseconds retry_after = std::chrono::seconds{10};

batch::Packing packing_of(streams::ChannelCompression compression) { return static_cast<batch::Packing>(compression); }
std::string_view extension_of(streams::ChannelCompression compression) {
    if (compression == streams::ChannelCompression::gzip) return ".gz";
    return compression == streams::ChannelCompression::zstd ? ".zst" : "";
}

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}   // namespace

struct Delivery::State : std::enable_shared_from_this<State> {
    // One channel in one shard, for as long as it has not delivered all that the shard will ever have.
    struct Lane final : Follower, std::enable_shared_from_this<Lane> {
        Lane(State& s, FoundChannel found, const streams::Shard* in) : state(&s), of(std::move(found)), shard(in) {
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
        FoundChannel of;
        const streams::Shard* shard;
        Timer timer;
        std::optional<Time> due;   // of the object that has begun
        bool queued = false;
        bool resting = false;   // after a failure, until its timer fires
        bool gone = false;
    };
    struct Carried {
        FoundChannel of;
        std::map<std::int32_t, std::shared_ptr<Lane>> lanes;   // by shard
        bool failing = false;                                  // and that was said
    };

    State(streams::Engine& e, streams::World& w, std::string where, bool separate_scopes)
        : engine(e), world(w), folder(std::move(where)), separate(separate_scopes), worker(e.executor()) {}

    // ---- who is carried ----

    void follow(const FoundChannel& of);
    void follow_children(const Channel& channel, const streams::Shard& parent);
    void leave(const Channel* channel) {
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
    static bool has_business(const Channel& channel, const streams::Shard& shard) {
        const auto place = channel.place_in(shard.index);
        return place && (shard.open() || place->to > place->next || place->next < shard.queued_end);
    }
    bool current(const Lane& lane) const {
        return !stopping && !lane.gone && lane.of.channel->carries() && !lane.of.stream->deleted &&
               lane.of.stream->shard(lane.shard->index) == lane.shard;
    }

    // ---- the queue of lanes to look at ----

    void look_at(Lane& lane) {
        if (lane.queued || lane.resting || lane.gone || stopping) return;
        lane.queued = true;
        queue.push_back(lane.shared_from_this());
        if (std::exchange(working, true)) return;
        asio::post(engine.executor(), [self = shared_from_this()] {
            auto task = work(self);
            asio::co_spawn(self->engine.executor(), std::move(task), stop_loudly);
        });
    }
    static Task<void> work(std::shared_ptr<State> self) {
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
    void retry(Lane& lane, const std::string& why) {
        lane.wait_no_more();
        lane.resting = true;
        lane.timer = Timer{*world.clock, world.clock->at(timers::channel_retry, world.clock->live() + retry_after,
                                                         [this, &lane] { look_again(lane); })};
        auto& of = carried[lane.of.channel.get()];
        if (!std::exchange(of.failing, true))
            engine.events().note(
                fmt::format("channel {} delivers nothing at the moment: {}; it keeps its place and tries again every "
                            "{} seconds",
                            lane.of.channel->name, why, retry_after.count() / 1000));
    }
    Task<void> catch_up() {
        while (working) {
            Waiter waiter{engine.executor()};
            waiter.watch(idle);
            co_await waiter.wait();
        }
    }

    // ---- one lane, object after object ----

    Task<void> deliver(std::shared_ptr<Lane> lane);
    Task<std::optional<ChannelPlace>> next_object(std::shared_ptr<Lane> lane, ChannelPlace at);
    Task<bool> write(std::shared_ptr<Lane> lane, ChannelPlace object, bool decided);
    Task<bool> store(std::shared_ptr<Lane> lane, ChannelPlace place);
    void finish(const Lane& lane);
    bool parents_done(const Lane& lane) const {
        const auto& lanes = carried.at(lane.of.channel.get()).lanes;
        return std::ranges::none_of(lane.shard->parents, [&](auto parent) { return lanes.contains(parent); });
    }
    void tell_lost(const Lane& lane, Position count) {
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
    ObjectWriter::Paths paths_of(const Lane& lane, const ChannelPlace& object) const;

    streams::Engine& engine;
    streams::World& world;
    const std::string folder;
    const bool separate;
    Worker worker;
    std::multiset<Time> dues;   // of the objects that have begun
    std::map<const Channel*, Carried> carried;
    std::deque<std::shared_ptr<Lane>> queue;
    bool working = false, stopping = false;
    Signal idle;
};

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

ObjectWriter::Paths Delivery::State::paths_of(const Lane& lane, const ChannelPlace& object) const {
    const auto& channel = *lane.of.channel;
    const auto name = shown(channel.name);
    const streams::ObjectName of{.channel = name,
                                 .id = channel.id,
                                 .stream = shown(lane.of.stream->name),
                                 .begun = object.begun,
                                 .extension = extension_of(channel.compression),
                                 .shard = lane.shard->index,
                                 .first = object.next};
    const auto unfinished = fmt::format("{}/@/{}-{}", folder, channel.id, lane.shard->index);
    return {.unfinished = unfinished,
            .unfinished_errors = unfinished + ".errors",
            .object = fmt::format("{}/{}/{}", folder, channel.bucket, streams::object_key(channel.key_template, of)),
            .errors = fmt::format("{}/{}/{}", folder, channel.dead_bucket,
                                  streams::object_key(error_prefix(channel, name) + std::string{error_template}, of))};
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

// False: it could not be stored; whoever reads it again finds what was stored before.
Task<bool> Delivery::State::store(std::shared_ptr<Lane> lane, ChannelPlace place) {
    const auto queued = streams::channels_of(world).set_place(*lane->of.channel, lane->shard->index, place);
    if (!queued) co_return false;
    const auto stored = co_await queued->committed();
    if (!stored && current(*lane)) retry(*lane, "the data folder has no room for its place");
    co_return stored.has_value();
}

Task<void> Delivery::State::deliver(std::shared_ptr<Lane> lane) {
    lane->wait_no_more();
    const auto& shard = *lane->shard;
    while (current(*lane)) {
        auto place = *lane->of.channel->place_in(shard.index);
        if (place.to > place.next) {   // a server was killed, or the folder failed, behind the decision
            auto again = write(lane, place, true);
            if (!co_await std::move(again)) co_return;
            continue;
        }
        const auto bounds = engine.bounds(shard);
        if (place.next < bounds.begin) {
            tell_lost(*lane, bounds.begin - place.next);
            place.next = bounds.begin;
            auto storing = store(lane, place);
            if (!co_await std::move(storing)) co_return;
            continue;
        }
        if (place.next >= bounds.stable) {
            if (!shard.open() && place.next >= shard.queued_end) finish(*lane);
            co_return;
        }
        if (!parents_done(*lane)) co_return;
        auto looking = next_object(lane, place);
        const auto object = co_await std::move(looking);
        if (!object) co_return;
        if (object->to <= object->next) continue;   // the shard has changed meanwhile
        auto writing = write(lane, *object, false);
        if (!co_await std::move(writing)) co_return;
    }
}

// The object that begins at a place, as far as the time goes; nothing: it is not due, and a timer was set.
Task<std::optional<ChannelPlace>> Delivery::State::next_object(std::shared_ptr<Lane> lane, ChannelPlace at) {
    const auto& shard = *lane->shard;
    auto first = engine.at_hand(shard, at.next);
    co_await std::move(first);
    if (!current(*lane)) co_return std::nullopt;
    const auto begun_ms = engine.appended_ms(shard, at.next);
    if (!begun_ms) {
        retry(*lane, "the store cannot be read");
        co_return std::nullopt;
    }
    at.begun = from_ms(*begun_ms);
    const auto due = at.begun + lane->of.channel->freshness_at(at.begun);
    if (world.clock->now() < due) {
        wait_until(*lane, due);
        co_return std::nullopt;
    }
    // What was queued before that time is part of it.
    if (shard.queued_end > shard.end) {
        const auto behind_it = engine.settled(*lane->of.stream);
        (void)co_await behind_it.committed();
        if (!current(*lane)) co_return std::nullopt;
    }
    auto rehearsal = engine.rehearse([extents = shard.extents, ms = to_ms(due)](const storage::Snapshot& snapshot) {
        for (const auto& extent : extents) (void)snapshot.find_appended(extent.log, ms);
    });
    co_await std::move(rehearsal);
    if (!current(*lane)) co_return std::nullopt;
    at.to = std::min(engine.find_appended(shard, due), engine.bounds(shard).stable);
    co_return at;
}

// Written, decided, published, and that stored. `decided`: its end was stored before. False: it was not, and will be tried again.
Task<bool> Delivery::State::write(std::shared_ptr<Lane> lane, ChannelPlace object, bool decided) {
    const auto& shard = *lane->shard;
    const auto& channel = *lane->of.channel;
    const auto writer = std::make_shared<ObjectWriter>(channel.form, packing_of(channel.compression), paths_of(*lane, object),
                                                       ObjectWriter::Source{.channel = std::string{shown(channel.name)},
                                                                            .channel_id = channel.id,
                                                                            .stream = std::string{shown(lane->of.stream->name)},
                                                                            .shard = shard.index,
                                                                            .shard_created_s = shard.created_s});
    const auto fault = std::make_shared<int>(0);
    const auto failed = [&] {
        if (!current(*lane)) return true;
        if (*fault == 0) return false;
        retry(*lane,
              fmt::format("{} cannot be written: {}; make room there and see that this user may write, or start with another "
                          "--channel-folder",
                          writer->paths().object, std::strerror(*fault)));
        return true;
    };
    std::int64_t bytes = 0;
    Position lost = 0;
    for (auto at = object.next; at < object.to;) {
        if (const auto begin = std::min(engine.bounds(shard).begin, object.to); at < begin)
            lost += begin - std::exchange(at, begin);
        if (at == object.to) break;
        auto reads = engine.chunk(shard, at, piece_limits);
        auto read = co_await std::move(reads);
        if (!current(*lane)) co_return false;
        if (!read) {
            retry(*lane, "the store cannot be read");
            co_return false;
        }
        const auto piece = std::make_shared<Piece>();
        std::list<std::string> kept;
        auto next = std::min(read->next, object.to);
        for (const auto& record : read->records) {
            if (record.position >= object.to + (planted("delivered-twice") ? 1 : 0)) break;
            const auto value = record.value ? text_of(*record.value) : std::string_view{};
            const auto size = static_cast<std::int64_t>(value.size());
            if (!decided && bytes > 0 && bytes + size > object_bytes) {
                next = object.to = record.position;
                break;
            }
            bytes += size;
            piece->text += value;
            piece->items.push_back({.bytes = value.size(),
                                    .position = record.position,
                                    .appended_ms = record.appended_ms,
                                    .partition_key = channel.form == streams::ChannelForm::bytes
                                                         ? std::string{}
                                                         : std::string{shown_partition_key(record.key, kept)}});
        }
        if (next <= at) {
            retry(*lane, "the store cannot be read");
            co_return false;
        }
        at = next;
        read = streams::Chunk{};   // nobody holds the store's pages while a thread works
        if (piece->items.empty()) continue;
        auto away = worker.run([writer, piece, fault] { *fault = writer->add(*piece); });
        co_await std::move(away);
        if (failed()) co_return false;
    }
    auto finishing = worker.run([writer, fault] { *fault = writer->finish(); });
    co_await std::move(finishing);
    if (failed()) co_return false;
    if (!decided) {
        auto deciding = store(lane, object);
        if (!co_await std::move(deciding) || !current(*lane)) co_return false;
    }
    auto publishing = worker.run([writer, fault] { *fault = writer->publish(); });
    co_await std::move(publishing);
    if (failed()) co_return false;
    if (lost > 0) tell_lost(*lane, lost);
    if (std::exchange(carried[lane->of.channel.get()].failing, false))
        engine.events().note(fmt::format("channel {} delivers again", channel.name));
    auto storing = store(lane, {.next = object.to + (planted("delivery-skips-a-record") ? 1 : 0), .to = 0, .begun = {}});
    co_return co_await std::move(storing);
}

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
