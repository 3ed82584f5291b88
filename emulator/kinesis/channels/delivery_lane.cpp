// One channel in one shard: an object after the other, each written, decided, published, and that stored.
#include <cstring>
#include <list>

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/channels/delivery_state.h"
#include "emulator/kinesis/records/partition_key.h"
#include "emulator/streams/catalog/object_key.h"
#include "storage/planted.h"

namespace sluice::kinesis {
namespace {

using streams::ChannelPlace;
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

void Delivery::State::retry(Lane& lane, const std::string& why) {
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
    std::uint64_t payload = 0, records = 0;   // for the bill
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
            payload += value.size() + (record.key ? record.key->size() : 0);
            ++records;
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
    engine.count_read(shard, streams::Door::channel, payload, records);
    if (std::exchange(carried[lane->of.channel.get()].failing, false))
        engine.events().note(fmt::format("channel {} delivers again", channel.name));
    auto storing = store(lane, {.next = object.to + (planted("delivery-skips-a-record") ? 1 : 0), .to = 0, .begun = {}});
    co_return co_await std::move(storing);
}

}   // namespace sluice::kinesis
