// Channels: each carries what its stream takes in from then on to objects outside, many records in each. Here stands what is
// stored of one; a door writes the objects and says how far it has come (kinesis/channels). It is a part of a world beside the
// catalog: streams know nothing of their channels.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/streams/engine.h"

namespace sluice::streams {

enum class ChannelForm : std::uint8_t { bytes, text, json };   // what a record has to be to be carried
enum class ChannelCompression : std::uint8_t { none, gzip, zstd };

// How far it has come in a shard: what lies below `next` is in objects that are there for good. With `to` above `next` the object
// that begins there ends at `to`, whoever writes it, and began with a record that arrived at `begun`.
struct ChannelPlace {
    Position next{}, to{};
    Time begun;
};

// Of objects that begin from `since` on: how old they become.
struct ChannelFreshness {
    Time since;
    milliseconds span{};
};

struct NewChannel {
    std::string name;
    ChannelForm form = ChannelForm::bytes;
    ChannelCompression compression = ChannelCompression::none;
    std::string bucket, key_template;
    std::string dead_bucket, dead_prefix;   // where goes what cannot be carried; no prefix: the door has one
    milliseconds freshness{};
    std::map<std::string, std::string> tags;
    std::map<std::string, std::string> notes;   // what a door is told and tells again
};

struct ChannelChange {
    std::optional<milliseconds> freshness;
    std::optional<std::map<std::string, std::string>> notes;   // in place of all that there are
};

struct Channel {
    std::string name;
    std::string id;   // no two are alike
    Time created;
    StreamStatus status = StreamStatus::active;
    Time ready_at;   // when CREATING, UPDATING or DELETING ends
    ChannelForm form{};
    ChannelCompression compression{};
    std::string bucket, key_template, dead_bucket, dead_prefix;
    std::vector<ChannelFreshness> freshness;   // oldest first, never empty
    std::map<std::string, std::string> tags, notes;
    std::int32_t since_shard = 0;   // of the shards below it only those that have a place are its
    std::map<std::int32_t, ChannelPlace> places;
    Timer ready;
    bool gone = false;

    // It reads and writes: from ACTIVE on, and until somebody removes it.
    bool carries() const { return !gone && (status == StreamStatus::active || status == StreamStatus::updating); }
    // Where it goes on in a shard; nothing: that one was closed before it began.
    std::optional<ChannelPlace> place_in(std::int32_t shard) const {
        if (const auto found = places.find(shard); found != places.end()) return found->second;
        return shard >= since_shard ? std::optional{ChannelPlace{}} : std::nullopt;
    }
    milliseconds freshness_at(Time begun) const {
        auto span = freshness.front().span;
        for (const auto& one : freshness)
            if (one.since <= begun) span = one.span;
        return span;
    }
};

struct FoundChannel {
    StreamPointer stream;
    std::shared_ptr<const Channel> channel;
};

struct StoredStream;   // catalog/stored.h

// All of one world.
class Channels {
  public:
    Channels(Engine::State& engine, World& world) : engine_(engine), world_(world) {}
    ~Channels();
    Channels(const Channels&) = delete;
    Channels& operator=(const Channels&) = delete;

    // ---- for doors. Each change is visible at once and answered when its ticket is committed. CREATING, UPDATING and DELETING
    // last for the state delay. A name is one channel's in its world: `exists`. ----
    Result<Ticket> make(const Stream&, NewChannel);
    Result<Ticket> change(const Channel&, const ChannelChange&);
    Result<Ticket> remove(const Channel&);
    Result<Ticket> set_tags(const Channel&, std::map<std::string, std::string>);
    // How far it has come in a shard. What cannot be stored is read again from the store, and `on_change` is called.
    Result<Ticket> set_place(const Channel&, std::int32_t shard, const ChannelPlace&);
    std::optional<FoundChannel> find(std::string_view name) const;
    std::optional<FoundChannel> of_id(std::string_view id) const;
    using ByName = std::map<std::string, FoundChannel, std::less<>>;
    const ByName& all() const { return by_name_; }
    std::vector<std::shared_ptr<const Channel>> of(const Stream&) const;   // by name

    // Called when a channel came, changed, was read again from the store, or went.
    std::vector<std::function<void(const StreamPointer&, const std::shared_ptr<const Channel>&)>> on_change;
    // Who writes the objects: when the next one is due by the world's clock, and a wait until all is written that is due by now.
    // Whoever moves the clock stops at each of these moments, so that what comes after it does not overtake.
    struct Carrier {
        std::function<std::optional<Time>()> next_due{};
        std::function<Task<void>()> catch_up{};
    };
    Carrier carrier;

    // ---- for the catalog ----
    void load(const StreamPointer&, const StoredStream&, bool known);
    void erase_stored(const Stream&);   // of all of the stream's; they stay in memory
    void end(const Stream&);            // the stream went
    void stop();                        // the engine ends: no timer of it may stay
    void dump(const Stream&, const std::function<void(std::string)>& line) const;

  private:
    using Owned = std::shared_ptr<Channel>;
    Owned owned(const Channel&) const;
    void save(const Stream&, const Channel&);
    void save_place(const Stream&, const Channel&, std::int32_t shard);
    void erase(const Stream&, const Channel&);
    void index(const StreamPointer&, const Owned&);
    void unindex(const StreamPointer&, const Owned&);
    void begin(const Stream&, Channel&);
    void change_state(const StreamPointer&, const Owned&, StreamStatus);
    void wait_ready(const StreamPointer&, Channel&, milliseconds);
    void drop(const StreamPointer&, const Owned&);
    void tell(const StreamPointer&, const Owned&) const;

    Engine::State& engine_;
    World& world_;
    ByName by_name_;
    std::map<std::string, std::string, std::less<>> names_;                     // by id
    std::map<StreamId, std::map<std::string, Owned, std::less<>>> of_stream_;   // by name
};

Channels& channels_of(World&);

}   // namespace sluice::streams
