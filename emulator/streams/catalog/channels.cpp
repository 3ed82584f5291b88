// Channels as they are stored: a record for each, and a place for each shard that it has come to. A channel begins behind what is
// there when it becomes ACTIVE; shards that are made later are its from their start.
#include "emulator/streams/channels.h"

#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/object_key.h"
#include "emulator/streams/catalog/state_delay.h"
#include "emulator/streams/catalog/stored.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

constexpr milliseconds longest_freshness = std::chrono::hours{24};   // ours: what AWS allows is the door's to say

// All that is not of this moment: asked of what is accepted and of what is read.
std::string_view fault_of_facts(const catalog::Channel& one) {
    if (!bounds::good_name(one.name())) return "a channel's name is none";
    if (one.form() < 0 || one.form() > static_cast<int>(ChannelForm::json)) return "a channel's form is none";
    if (one.compression() < 0 || one.compression() > static_cast<int>(ChannelCompression::zstd))
        return "a channel's compression is none";
    if (!good_bucket(one.bucket()) || !good_bucket(one.dead_bucket())) return "a channel's bucket is none";
    if (!fault_of_key_template(one.key_template(), one.compression() != 0).empty()) return "a channel's key template is none";
    if (!fault_of_key_prefix(one.dead_prefix()).empty()) return "a channel's key prefix is none";
    if (one.freshness().empty() || static_cast<std::size_t>(one.freshness_size()) > bounds::most_freshness)
        return "a channel's freshness is none";
    for (const auto& each : one.freshness())
        if (each.since_ms() < 0 || each.since_ms() >= latest_ms || each.ms() <= 0 || each.ms() > longest_freshness.count())
            return "a channel's freshness is none";
    if (static_cast<std::size_t>(one.notes_size()) > bounds::channel_notes) return "a channel has more notes than it can have";
    for (const auto& [key, value] : one.notes())
        if (!bounds::good_text(key, bounds::tag_bytes) || !bounds::good_text(value, bounds::note_bytes))
            return "a channel's note is no text of at most 8192 bytes";
    if (static_cast<std::size_t>(one.tags_size()) > bounds::most_tags) return "a channel has more tags than it can have";
    return bounds::fault_of_texts(google::protobuf::Map<std::string, std::string>{}, one.tags());
}

Channel channel_of(const catalog::Channel& told) {
    Channel one;
    one.name = told.name();
    one.id = told.id();
    one.created = from_ms(told.created_ms());
    one.status = static_cast<StreamStatus>(told.status());
    one.ready_at = from_ms(told.ready_ms());
    one.form = static_cast<ChannelForm>(told.form());
    one.compression = static_cast<ChannelCompression>(told.compression());
    one.bucket = told.bucket();
    one.key_template = told.key_template();
    one.dead_bucket = told.dead_bucket();
    one.dead_prefix = told.dead_prefix();
    for (const auto& each : told.freshness()) one.freshness.push_back({from_ms(each.since_ms()), milliseconds{each.ms()}});
    one.tags = {told.tags().begin(), told.tags().end()};
    one.notes = {told.notes().begin(), told.notes().end()};
    one.since_shard = told.since_shard();
    return one;
}

}   // namespace

catalog::Channel record_of(const Channel& channel) {
    catalog::Channel out;
    out.set_name(channel.name);
    out.set_id(channel.id);
    out.set_created_ms(to_ms(channel.created));
    out.set_status(static_cast<std::int32_t>(channel.status));
    out.set_ready_ms(to_ms(channel.ready_at));
    out.set_form(static_cast<std::int32_t>(channel.form));
    out.set_compression(static_cast<std::int32_t>(channel.compression));
    out.set_bucket(channel.bucket);
    out.set_key_template(channel.key_template);
    out.set_dead_bucket(channel.dead_bucket);
    out.set_dead_prefix(channel.dead_prefix);
    for (const auto& [since, span] : channel.freshness) {
        auto* one = out.add_freshness();
        one->set_since_ms(to_ms(since));
        one->set_ms(span.count());
    }
    for (const auto& [key, value] : channel.tags) (*out.mutable_tags())[key] = value;
    for (const auto& [key, value] : channel.notes) (*out.mutable_notes())[key] = value;
    out.set_since_shard(channel.since_shard);
    return out;
}

catalog::ChannelPlace record_of(const ChannelPlace& place) {
    catalog::ChannelPlace out;
    out.set_next(place.next);
    out.set_to(place.to > place.next ? place.to : -1);   // never all zero: an empty value would be none
    out.set_begun_ms(to_ms(place.begun));
    return out;
}

std::string_view fault_of(const catalog::Channel& one) {
    if (one.id().empty() || !bounds::good_place(one.id())) return "a channel's id is none";
    if (one.status() < 0 || one.status() > static_cast<int>(StreamStatus::deleting)) return "a channel's status is none";
    if (one.created_ms() < 0 || one.created_ms() >= latest_ms || one.ready_ms() < 0 || one.ready_ms() >= latest_ms)
        return "a channel's times are none";
    if (one.since_shard() < 0 || one.since_shard() > bounds::partitions_ever) return "a channel's first shard is none";
    return fault_of_facts(one);
}

std::string_view fault_of(const catalog::ChannelPlace& one) {
    const auto position = [](std::int64_t at) { return at >= 0 && at <= std::int64_t{1} << 60; };
    if (!position(one.next()) || (one.to() != -1 && (!position(one.to()) || one.to() <= one.next())))
        return "a channel's place is none";
    return one.begun_ms() < 0 || one.begun_ms() >= latest_ms ? "a channel's place has no such time" : std::string_view{};
}

Channels& channels_of(World& world) { return *books_of(world).channels; }

Channels::~Channels() { stop(); }

void Channels::stop() {
    for (auto& [id, channels] : of_stream_)
        for (auto& [name, channel] : channels) channel->ready.stop();
}

// ---- what is written down ----

void Channels::save(const Stream& stream, const Channel& channel) {
    engine_.writer.put(scope_of(stream), channel_key(stream, channel.name), record_of(channel).SerializeAsString());
}

void Channels::save_place(const Stream& stream, const Channel& channel, std::int32_t shard) {
    if (planted("channel-place-not-saved")) return;
    engine_.writer.put(scope_of(stream), channel_place_key(stream, shard, channel.id),
                       record_of(channel.places.at(shard)).SerializeAsString());
}

void Channels::erase(const Stream& stream, const Channel& channel) {
    engine_.writer.put(scope_of(stream), channel_key(stream, channel.name), "");
    for (const auto& [shard, place] : channel.places)
        engine_.writer.put(scope_of(stream), channel_place_key(stream, shard, channel.id), "");
}

void Channels::erase_stored(const Stream& stream) {
    if (const auto found = of_stream_.find(stream.id); found != of_stream_.end())
        for (const auto& [name, channel] : found->second) erase(stream, *channel);
}

void Channels::dump(const Stream& stream, const std::function<void(std::string)>& line) const {
    const auto found = of_stream_.find(stream.id);
    if (found == of_stream_.end()) return;
    for (const auto& [name, channel] : found->second) {
        line("channel " + record_of(*channel).ShortDebugString());
        for (const auto& [shard, place] : channel->places)
            line(fmt::format("  in shard {} {}", shard, record_of(place).ShortDebugString()));
    }
}

// ---- what there is ----

void Channels::tell(const StreamPointer& stream, const Owned& channel) const {
    for (const auto& told : on_change) told(stream, channel);
}

void Channels::index(const StreamPointer& stream, const Owned& channel) {
    of_stream_[stream->id][channel->name] = channel;
    by_name_[channel->name] = {stream, channel};
    names_[channel->id] = channel->name;
}

// Out of memory; its values are the caller's to erase.
void Channels::unindex(const StreamPointer& stream, const Owned& channel) {
    channel->gone = true;
    channel->ready.stop();
    // Its name may be another's by now, when a change of both is undone.
    if (const auto found = by_name_.find(channel->name); found != by_name_.end() && found->second.channel == channel)
        by_name_.erase(found);
    names_.erase(channel->id);
    if (const auto found = of_stream_.find(stream->id); found != of_stream_.end()) {
        found->second.erase(channel->name);
        if (found->second.empty()) of_stream_.erase(found);
    }
    tell(stream, channel);
}

void Channels::end(const Stream& stream) {
    const auto found = of_stream_.find(stream.id);
    if (found == of_stream_.end()) return;
    for (const auto& [name, channel] : std::map{found->second}) unindex(stream.shared_from_this(), channel);
}

Channels::Owned Channels::owned(const Channel& channel) const {
    const auto found = by_name_.find(channel.name);
    return found == by_name_.end() || found->second.channel.get() != &channel
               ? nullptr
               : std::const_pointer_cast<Channel>(found->second.channel);
}

std::optional<FoundChannel> Channels::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<FoundChannel> Channels::of_id(std::string_view id) const {
    const auto found = names_.find(id);
    return found == names_.end() ? std::nullopt : find(found->second);
}

std::vector<std::shared_ptr<const Channel>> Channels::of(const Stream& stream) const {
    std::vector<std::shared_ptr<const Channel>> all;
    if (const auto found = of_stream_.find(stream.id); found != of_stream_.end())
        for (const auto& [name, channel] : found->second) all.push_back(channel);
    return all;
}

// Whoever holds one that is still there goes on holding it.
void Channels::load(const StreamPointer& stream, const StoredStream& stored, bool known) {
    const auto there = of_stream_.find(stream->id);
    if (there == of_stream_.end() && stored.channels.empty()) return;
    std::map<std::string, Owned, std::less<>> before;
    if (there != of_stream_.end()) before = std::exchange(there->second, {});
    const auto now = world_.clock->now();
    std::map<std::string_view, Owned> by_id;
    for (const auto& told : stored.channels) {
        auto one = std::make_shared<Channel>();
        if (const auto found = before.find(told.name()); found != before.end() && found->second->id == told.id()) {
            one = found->second;
            before.erase(found);
        }
        *one = channel_of(told);   // which stops its timer
        by_id[told.id()] = one;
    }
    for (const auto& [name, channel] : before) unindex(stream, channel);
    for (const auto& [id, shard, place] : stored.places)
        if (const auto found = by_id.find(id); found != by_id.end())
            found->second->places[shard] = {place.next(), place.to(), from_ms(place.begun_ms())};
    for (const auto& [id, channel] : by_id) {
        index(stream, channel);
        if (channel->status != StreamStatus::active)
            wait_ready(stream, *channel, state_left(channel->ready_at, now, engine_.options.state_delay, known));
        tell(stream, channel);
    }
    if (const auto none = of_stream_.find(stream->id); none != of_stream_.end() && none->second.empty()) of_stream_.erase(none);
}

// ---- its states ----

// Ends CREATING, UPDATING and DELETING.
void Channels::wait_ready(const StreamPointer& stream, Channel& channel, milliseconds delay) {
    channel.ready = end_of_state(*world_.clock, delay, [this, weak = std::weak_ptr{stream}, name = channel.name] {
        const auto one = weak.lock();
        const auto found = by_name_.find(name);
        if (!one || one->deleted || found == by_name_.end() || found->second.stream != one) return;
        const Writer::Changing changing{engine_.writer, own(one)};
        const auto due = owned(*found->second.channel);
        if (due->status == StreamStatus::deleting) return drop(one, due);
        if (due->status == StreamStatus::creating) begin(*one, *due);
        due->status = StreamStatus::active;
        save(*one, *due);
        tell(one, due);
    });
}

// Behind all that was written before. An append of this turn that fails would move where that is, so each stands or falls with
// this.
void Channels::begin(const Stream& stream, Channel& channel) {
    channel.since_shard = static_cast<std::int32_t>(stream.shards.size());
    for (const auto& shard : stream.open_ranges) {
        engine_.writer.group().bind(scope_of(stream), shard->log());
        channel.places[shard->index] = {.next = shard->queued_end, .to = 0, .begun = {}};
        save_place(stream, channel, shard->index);
    }
}

// Through it for the state delay, or at once.
void Channels::change_state(const StreamPointer& stream, const Owned& channel, StreamStatus status) {
    const auto delay = engine_.options.state_delay;
    if (delay.count() > 0) {
        channel->status = status;
        channel->ready_at = world_.clock->now() + delay;
        wait_ready(stream, *channel, delay);
    } else if (status == StreamStatus::deleting) {
        return drop(stream, channel);
    } else if (status == StreamStatus::creating) {
        begin(*stream, *channel);
    }
    save(*stream, *channel);
    tell(stream, channel);
}

void Channels::drop(const StreamPointer& stream, const Owned& channel) {
    erase(*stream, *channel);
    unindex(stream, channel);
}

// ---- what doors ask for ----

Result<Ticket> Channels::make(const Stream& stream, NewChannel wanted) {
    const auto now = world_.clock->now();
    const auto one = std::make_shared<Channel>();
    one->name = std::move(wanted.name);
    one->created = now;
    one->form = wanted.form;
    one->compression = wanted.compression;
    one->bucket = std::move(wanted.bucket);
    one->key_template = std::move(wanted.key_template);
    one->dead_bucket = std::move(wanted.dead_bucket);
    one->dead_prefix = std::move(wanted.dead_prefix);
    one->freshness = {{now, wanted.freshness}};
    one->tags = std::move(wanted.tags);
    one->notes = std::move(wanted.notes);
    if (!bounds::good_name(one->name)) return std::unexpected{Fault::bad_name};
    if (!fault_of_facts(record_of(*one)).empty()) return std::unexpected{Fault::bad_text};
    if (by_name_.contains(one->name)) return std::unexpected{Fault::exists};
    if (of(stream).size() >= bounds::channels) return std::unexpected{Fault::bad_count};
    one->id = Random::uuid_text(world_.random.uuid());
    const auto held = stream.shared_from_this();
    const Writer::Changing changing{engine_.writer, own(held)};
    index(held, one);
    change_state(held, one, StreamStatus::creating);
    return engine_.writer.ticket({});
}

Result<Ticket> Channels::change(const Channel& which, const ChannelChange& wanted) {
    const auto channel = owned(which);
    if (!channel) return std::unexpected{Fault::not_found};
    if (channel->status != StreamStatus::active) return std::unexpected{Fault::not_active};
    auto freshness = channel->freshness;
    if (wanted.freshness && *wanted.freshness != freshness.back().span) {
        freshness.push_back(
            {world_.clock->now() + milliseconds{1}, *wanted.freshness});   // what began by now goes on as it began
        if (freshness.size() > bounds::most_freshness) freshness.erase(freshness.begin());
    }
    auto notes = wanted.notes.value_or(channel->notes);
    const auto had =
        std::pair{std::exchange(channel->freshness, std::move(freshness)), std::exchange(channel->notes, std::move(notes))};
    if (!fault_of_facts(record_of(*channel)).empty()) {
        std::tie(channel->freshness, channel->notes) = had;
        return std::unexpected{Fault::bad_text};
    }
    const auto stream = by_name_.at(channel->name).stream;
    const Writer::Changing changing{engine_.writer, own(stream)};
    change_state(stream, channel, StreamStatus::updating);
    return engine_.writer.ticket({});
}

Result<Ticket> Channels::remove(const Channel& which) {
    const auto channel = owned(which);
    if (!channel) return std::unexpected{Fault::not_found};
    const auto stream = by_name_.at(channel->name).stream;
    const Writer::Changing changing{engine_.writer, own(stream)};
    if (channel->status != StreamStatus::deleting) change_state(stream, channel, StreamStatus::deleting);
    return engine_.writer.ticket({});
}

Result<Ticket> Channels::set_tags(const Channel& which, std::map<std::string, std::string> tags) {
    if (tags.size() > bounds::most_tags) return std::unexpected{Fault::bad_count};
    if (!bounds::fault_of_texts(std::map<std::string, std::string>{}, tags).empty()) return std::unexpected{Fault::bad_text};
    const auto channel = owned(which);
    if (!channel) return std::unexpected{Fault::not_found};
    const auto stream = by_name_.at(channel->name).stream;
    const Writer::Changing changing{engine_.writer, own(stream)};
    channel->tags = std::move(tags);
    save(*stream, *channel);
    return engine_.writer.ticket({});
}

Result<Ticket> Channels::set_place(const Channel& which, std::int32_t shard, const ChannelPlace& place) {
    const auto channel = owned(which);
    if (!channel) return std::unexpected{Fault::not_found};
    const auto stream = by_name_.at(channel->name).stream;
    const Writer::Changing changing{engine_.writer, own(stream)};
    channel->places[shard] = place;
    save_place(*stream, *channel, shard);
    return engine_.writer.ticket({});
}

}   // namespace sluice::streams
