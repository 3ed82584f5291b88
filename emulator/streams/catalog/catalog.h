// The part that knows what exists: worlds, streams and their shards, as they are written down with each change and read back at
// the start or after a change that could not be stored. Its own are the worlds and the numbers that the folder gives out.
#pragma once

#include <map>
#include <set>

#include "emulator/streams/books.h"
#include "emulator/streams/engine_part.h"

namespace sluice::catalog {
class Folder;   // catalog.proto
}   // namespace sluice::catalog

namespace sluice::streams {

struct StoredStream;   // catalog/stored.h

class Catalog : public EnginePart {
  public:
    using EnginePart::EnginePart;

    // ---- worlds.cpp ----
    const std::map<WorldId, std::unique_ptr<Books>>& worlds() const { return worlds_; }   // by number
    World* find_world(std::string_view name);
    Result<World*> make_world(std::string_view name, std::optional<Time> clock);
    Ticket reset(World&, std::optional<Time> clock);
    OwnedStream find(World&, std::string_view name);
    OwnedStream find_topic(World&, const Uuid&);
    std::vector<StreamPointer> list(World&);   // by name
    LogId new_log() { return static_cast<LogId>(next_log_++); }

    // ---- streams.cpp, settings.cpp, reshard.cpp, fork.cpp: as engine.h promises ----
    Result<Engine::Changed> create(World&, Engine::NewStream);
    std::optional<std::string> collision(World&, std::string_view name);
    Result<Ticket> remove(World&, std::string_view name, bool state_delay);
    Result<Ticket> split(Stream&, std::int32_t shard, HashKey new_start);
    Result<Ticket> merge(Stream&, std::int32_t first, std::int32_t second);
    Result<Ticket> add_partitions(Stream&, std::int32_t total);
    Result<Ticket> scale(Stream&, std::int32_t shards);
    Result<Ticket> rekey(Stream&, std::string key);
    Result<Ticket> set_capacity(Stream&, Capacity);
    // Those of them that can be split are; none where the stream is not ACTIVE. False: there is no room for all.
    bool grow(Stream&, std::vector<std::int32_t> shards);
    // ---- attributes.cpp ----
    Result<Ticket> set_tags(Stream&, std::map<std::string, std::string>, std::string_view consumer);
    Result<Ticket> set_policy(Stream&, std::string, std::string_view consumer);
    Ticket set_metrics(Stream&, std::uint32_t);
    Ticket settled(Stream&);
    Result<Engine::Changed> fork(Stream&, World& into, std::string name);
    Result<Ticket> set_retention(Stream&, std::optional<milliseconds>);
    Ticket set_limits(Stream&, std::string_view profile, const StreamLimits&);
    Result<Ticket> set_largest_record(Stream&, std::int64_t bytes);
    Ticket set_spread(Stream&, bool);
    Result<Ticket> set_settings(Stream&, Engine::Settings);
    Result<Ticket> set_config(Stream&, const std::string& key, std::optional<std::string> value);

    // ---- consumers.cpp ----
    Result<Ticket> register_consumer(Stream&, const std::string& name, std::map<std::string, std::string> tags);
    Result<Ticket> deregister_consumer(Stream&, std::string_view name);
    Result<std::shared_ptr<Subscription>> subscribe(Stream&, std::string_view name, std::int32_t shard);
    // ---- places.cpp ----
    void count(Stream&);

    // ---- load.cpp ----
    void load();
    // Shards that memory has keep what is not in the record, unless `afresh` says otherwise.
    // False: it was never stored, and is gone now.
    bool reload_stream(const OwnedStream&, const std::function<bool(const Shard&)>& afresh);
    void read_shard(Shard&);   // running value, producers, bounds: from the store

    // ---- expired.cpp ----
    // When a closed shard will be expired; nothing: not while it is as it is.
    std::optional<Time> expires(const Shard&) const;
    void expire(Shard&);
    // One that is expired by now stays so, whatever the retention will be.
    void stay_expired(Shard&);

    // ---- save.cpp ----
    void save_stream(const Stream&);   // without its shards
    void save_shard(const Shard&);
    void save_world(const World&);
    void save_folder();
    catalog::Folder folder_record() const;
    // From now on a server that does not know this refuses the folder.
    void need(std::string_view feature) {
        if (features_.emplace(feature).second) save_folder();
    }

  private:
    void change_retention(Stream&, std::optional<milliseconds>, std::optional<std::int64_t> bytes);
    Books& make_books(WorldId, std::string name);
    std::int64_t create_second(Books&, std::string_view name);
    void index(const OwnedStream&);
    void unindex(const Stream&);
    void load_folder(const storage::Snapshot&);
    void load_worlds(const storage::Snapshot&);
    void pass_leftovers(const storage::Snapshot&);
    void load_stream(Books&, const StoredStream&, const std::function<bool(const Shard&)>& afresh = {});
    void keep_shard(Shard&);
    void erase_shard(const Stream&, std::int32_t shard);
    void save_expired(const Stream&, std::int32_t block);
    void erase_expired(const Stream&);
    std::unique_ptr<Shard> new_shard(Stream&, HashRange, std::int64_t created_s);
    void set_buckets(Shard&);
    static void order_ranges(Stream&);
    static void retire_from(Stream&, std::size_t shards);
    void begin_state(const OwnedStream&, StreamStatus);
    void wait_ready(const OwnedStream&, milliseconds);
    void wait_ready(Stream&, Consumer&, milliseconds);
    void change_state(Stream&, Consumer&, StreamStatus);
    void drop(Stream&, const std::string& consumer);
    Ticket change(Stream&, const std::function<void()>& set);                     // of what is in its record
    Result<Ticket> change(Stream&, std::string_view consumer, const auto& set);   // attributes.cpp
    void load_consumers(Stream&, const StoredStream&, bool known);
    void save_consumer(const Stream&, const Consumer&);
    void erase_consumer(const Stream&, std::string_view name);
    static void end_consumers(Stream&);
    void take_away(const OwnedStream&);
    void drop(const OwnedStream&);
    // `counts`: among those that are allowed so many times a day.
    Ticket begin_change(Stream&, const Change&, std::optional<Daily> counts = {});
    void carry_out(Stream&, const Change&);
    void carry_out(Stream&, const Reshard&);
    void carry_out(Stream&, const Scaling&);
    void carry_out(Stream&, const Rekeying&);
    void carry_out(Stream&, const Capacity&);
    void carry_out(Stream&, const Growth&);
    void scale_now(Stream&, std::int32_t shards);
    std::optional<Fault> fault_of_scaling(const Stream&, std::int32_t shards) const;
    std::int64_t room_in(const Stream&) const;   // shards
    bool room_for(const Stream& stream, std::int32_t more) const { return more <= room_in(stream); }
    friend class Resharding;   // reshard.cpp
    void tell_dealt(Stream&);

    std::map<WorldId, std::unique_ptr<Books>> worlds_;
    std::map<std::string, Books*, std::less<>> by_name_;
    std::uint32_t next_world_ = 1;   // these two are of the folder, not of a world
    std::uint64_t next_log_ = 1;
    std::set<std::string, std::less<>> features_;
};

}   // namespace sluice::streams
